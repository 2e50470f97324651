"""What time it is for a worker: a clock that never goes back to wait by, and one that dates are read from.

Whoever runs a worker elsewhere than in a process of its own, as the simulator does, sets `CLOCK` in the context of
its tasks. Knows nothing of what is measured or waited for.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Protocol


class Clock(Protocol):
    """Both clocks, in seconds."""

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch."""
        ...


class _OfTheProcess:
    """The clocks of the machine."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)


CLOCK: ContextVar[Clock] = ContextVar("CLOCK", default=_OfTheProcess())  # noqa: B039 - it has no state
"""The clocks in force; asked once a batch or a commit, never once a record."""


def monotonic() -> float:
    """Seconds of a clock that never goes back."""
    return CLOCK.get().monotonic()


def elapsed() -> int:
    """Milliseconds of a clock that never goes back, by which tasks wait."""
    return int(CLOCK.get().monotonic() * 1000)


def wall_clock() -> int:
    """Milliseconds since the epoch, by which punctuations are due and commits dated."""
    return int(CLOCK.get().wall() * 1000)
