"""The time of a stream, as one step sees it. Knows nothing of windows."""

from __future__ import annotations

from streamapp.engine.operator import Context


class StreamTime:
    """The time of one stream of an aggregation: the highest timestamp it has brought."""

    __slots__ = ("_clock", "_journal", "_times")

    def __init__(self, context: Context, clock: str) -> None:
        self._clock = clock
        self._times = context.clock(clock)
        self._journal = context.journal

    def observe(self, timestamp: int) -> int:
        """Gives the stream's time after a record of `timestamp` (ms)."""
        observed = self._times[self._clock]
        if timestamp <= observed:
            return observed
        self._journal.append((self._times, self._clock, observed))
        self._times[self._clock] = timestamp
        return timestamp
