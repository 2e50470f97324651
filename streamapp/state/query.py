"""What a reader beside the task asks of a store: pages, the command line, other processes.

Knows nothing of overlays or bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple


class ScanRow(NamedTuple):
    """A row as a reader sees it; `start` is a window's start in ms, None in a key-value store."""

    key: Any
    start: int | None
    value: Any
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which rows, in which order; what is not given does not restrict."""

    prefix: str | None = None
    """Of the key, as text."""
    first: Any = None
    """Of the keys, in the order of their bytes. A window store ignores it."""
    last: Any = None
    """Likewise."""
    from_ms: int | None = None
    """Windows that start at or after it."""
    to_ms: int | None = None
    """Windows that start before it."""
    newest_first: bool = False
    """Of windows; keys within a window are then reversed too. A key-value store ignores it."""
    after: tuple[Any, int | None] | None = None
    """Key and start of the last row a reader has had: it goes on behind it."""
    as_of: int | None = None
    """The values keys had at this time (ms), in a store that has a history."""
    limit: int | None = None

    def wanted(self, rows: Iterator[ScanRow]) -> Iterator[ScanRow]:
        """The rows with the prefix, up to the limit."""
        if self.prefix:
            prefix = self.prefix
            rows = (row for row in rows if str(row.key).startswith(prefix))
        return islice(rows, self.limit)
