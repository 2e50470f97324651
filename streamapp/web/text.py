"""How numbers and times read on a page.

Knows nothing of pages.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms"))


def iso(milliseconds: int) -> str:
    """`2010-12-01T08:26:00Z`, with milliseconds where there are some; a time beyond year 9999 as its number."""
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return str(milliseconds)
    fraction = milliseconds % 1000
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{fraction:03d}Z" if fraction else "Z")


def duration(milliseconds: int) -> str:
    """`1 h`, `90 s`, `800 d`: in the largest unit that leaves no remainder; to the second from a minute on."""
    if milliseconds >= 60_000:
        milliseconds -= milliseconds % 1000
    for size, unit in _UNITS:
        if milliseconds >= size and milliseconds % size == 0:
            return f"{milliseconds // size:,} {unit}"
    return f"{milliseconds:,} ms"


def windows_text(windows: Any) -> str:
    """`1 h windows`, `1 h windows every 10 min`, `5 min sliding windows`, `sessions with gaps of 30 min`."""
    if hasattr(windows, "gap"):
        return f"sessions with gaps of {duration(windows.gap)}"
    if hasattr(windows, "difference"):
        return f"{duration(windows.difference)} sliding windows"
    every = "" if windows.advance == windows.size else f" every {duration(windows.advance)}"
    return f"{duration(windows.size)} windows{every}"


def number(value: float) -> str:
    """`12,345`; a fraction only below 100."""
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}"
