"""Windows of time as frozen values, and the key of a windowed result.

All times are integers in milliseconds. Knows nothing of stream time or stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from streamapp.errors import TopologyError

MILLISECOND = 1
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

K = TypeVar("K")


class Windowed(NamedTuple, Generic[K]):
    """The key of a windowed result; `start` and `end` in ms.

    A time window ends before `end`, a session at it.
    """

    key: K
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TimeWindows:
    """Windows of `size` ms that start at every multiple of `advance` ms since the epoch.

    A record is dropped as late when `window_end <= stream time - grace` (KIP-633: no grace unless asked for).
    """

    size: int
    advance: int
    grace: int = 0

    def __post_init__(self) -> None:
        if self.size <= 0:
            raise TopologyError(f"window size is {self.size} ms: give a positive number of milliseconds")
        if not 0 < self.advance <= self.size:
            raise TopologyError(f"window advance is {self.advance} ms: give 1 to the size, {self.size} ms")
        if self.grace < 0:
            raise TopologyError(f"window grace is {self.grace} ms: give 0 or more")

    @property
    def retention(self) -> int:
        """The least time (ms) a store must keep a window, back from stream time: size + grace + 1."""
        return self.size + self.grace + 1


def tumbling(size: int, *, grace: int = 0) -> TimeWindows:
    """Windows of `size` ms, one after another; a record is in exactly one."""
    return TimeWindows(size, size, grace)
