"""The stores of the Applications as `faust tables` and Faust's own pages see them.

A facade: Faust neither writes, recovers nor logs these tables. Knows nothing of how they are stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class StoreTable:
    """One state store in `app.tables`; `table[key]` is the value the running tasks of this process hold."""

    def __init__(self, name: str, help_: str, lookup: Callable[[Any], Any]) -> None:
        self.name = name
        self.help = help_
        self._lookup = lookup

    def __getitem__(self, key: Any) -> Any:
        return self._lookup(key)

    async def reset_state(self) -> None:
        """Nothing: `streamapp TOPOLOGY reset` resets a topology as a whole."""
