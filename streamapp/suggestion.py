"""What to answer to a name that does not exist. Knows nothing of what the names are of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean 'billing'?`, or all there is when nothing is close."""
    names = list(known)
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean {close[0]!r}?" if close else f"there is {', '.join(names) or 'none'}"
