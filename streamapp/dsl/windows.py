"""Windows of time as frozen values, and the key of a windowed result.

All times are integers in milliseconds. Knows nothing of stream time or stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, TypeAlias, TypeVar, get_args, get_origin

from streamapp.errors import TopologyError

MILLISECOND = 1
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

K = TypeVar("K")


class Windowed(NamedTuple, Generic[K]):
    """The key of a windowed result; `start` and `end` in ms.

    A tumbling or hopping window ends before `end`, a sliding one and a session at it.
    """

    key: K
    start: int
    end: int


class Session(Windowed[K]):
    """The key of a session: its first event is at `start`, its last at `end`."""

    __slots__ = ()


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
        _check_grace(self.grace)

    @property
    def retention(self) -> int:
        """The least time (ms) a store must keep a window, back from the start of the newest: size + grace."""
        return self.size + self.grace

    @property
    def close_after(self) -> int:
        """A window has closed when its end is this long (ms), or longer, before stream time."""
        return self.grace


@dataclass(frozen=True, slots=True)
class SlidingWindows:
    """Windows from an event to `difference` ms later, and from `difference` ms earlier to an event.

    Both ends are inclusive; there is one window for each set of events that are at most `difference` apart
    (KIP-450). Events earlier than `difference` share the window that starts at 0. A window takes records while
    `window_end >= stream time - grace`.
    """

    difference: int
    grace: int = 0

    def __post_init__(self) -> None:
        if self.difference < 0:
            raise TopologyError(f"window difference is {self.difference} ms: give 0 or more")
        _check_grace(self.grace)

    @property
    def size(self) -> int:
        """From start to end (ms), of which the end is inclusive."""
        return self.difference

    @property
    def retention(self) -> int:
        """The least time (ms) a store must keep a window, since new ones begin with what is in older ones.

        Kafka Streams' default is 2 ms less, and loses windows that its rule would still let begin.
        """
        return 2 * self.difference + self.grace + 2

    @property
    def close_after(self) -> int:
        """What suppress waits for (ms) after a window's end; it closes 1 ms early, as in Kafka Streams."""
        return self.grace


@dataclass(frozen=True, slots=True)
class SessionWindows:
    """Sessions: events of one key at most `gap` ms apart from the next.

    A session takes records while `session end >= stream time - grace - gap`; a record between two sessions
    merges them (KIP-94).
    """

    gap: int
    grace: int = 0

    def __post_init__(self) -> None:
        if self.gap <= 0:
            raise TopologyError(f"session gap is {self.gap} ms: give a positive number of milliseconds")
        _check_grace(self.grace)

    @property
    def retention(self) -> int:
        """The least time (ms) a store must keep a session: it is gone when its end is as old as that.

        By then suppress has passed it on as final, so no later record may merge it (probe/suppress-session-boundary).
        """
        return self.gap + self.grace

    @property
    def close_after(self) -> int:
        """A session has closed when its end is longer (ms) than this before stream time."""
        return self.gap + self.grace


Windows: TypeAlias = TimeWindows | SlidingWindows | SessionWindows


def size_of(key: Any) -> int | None:
    """How long (ms) the windows of an aggregation's keys are, which their type has as a note; None without one."""
    if get_origin(key) is not Annotated:
        return None
    notes = get_args(key)[1:]
    return next((note.size for note in notes if isinstance(note, TimeWindows | SlidingWindows)), None)


def _check_grace(grace: int) -> None:
    if grace < 0:
        raise TopologyError(f"window grace is {grace} ms: give 0 or more")


def tumbling(size: int, *, grace: int = 0) -> TimeWindows:
    """Windows of `size` ms, one after another; a record is in exactly one."""
    return TimeWindows(size, size, grace)


def hopping(size: int, *, advance: int, grace: int = 0) -> TimeWindows:
    """Windows of `size` ms that start every `advance` ms; a record is in each that spans it."""
    return TimeWindows(size, advance, grace)


def sliding(difference: int, *, grace: int = 0) -> SlidingWindows:
    """Windows over events at most `difference` ms apart, one for each set of them."""
    return SlidingWindows(difference, grace)


def session(gap: int, *, grace: int = 0) -> SessionWindows:
    """Windows that last as long as no `gap` of more ms passes without an event."""
    return SessionWindows(gap, grace)
