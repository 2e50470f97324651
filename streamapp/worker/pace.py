"""How many records fit into one slice of work.

Slices of at most 10 ms keep heartbeats and pages alive while everything shares one event loop. Pure arithmetic.
"""

from __future__ import annotations

SLICE = 0.010
"""Seconds of work between two turns of the event loop."""


class Pace:
    """Learns from each slice how fast its task is, and sizes the next one."""

    def __init__(self, rows_per_second: float = 50_000.0) -> None:
        self._rate = rows_per_second

    @property
    def rows(self) -> int:
        """Rows for the next slice: at least one."""
        return max(1, int(self._rate * SLICE))

    def learn(self, rows: int, seconds: float) -> None:
        """Takes over what was measured: at once when slower, at most fourfold when faster."""
        measured = rows / max(seconds, 1e-6)
        self._rate = min(measured, self._rate * 4) if measured > self._rate else measured
