"""How many records a topology takes in per second, and how that was in the last minutes.

Time is an argument. Knows nothing of clocks or topologies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import pairwise

SAMPLES = 61
"""Kept for each name: a minute of samples taken every second."""

WINDOW = 5
"""Samples the current rate is measured over, so that it does not flicker."""


class Rates:
    """Rates from counts that grow; `observe` is called about once a second."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[tuple[float, float]]] = {}

    def observe(self, now: float, counts: Mapping[str, float]) -> None:
        """Takes note of the counts at `now` (seconds)."""
        for name, count in counts.items():
            samples = self._samples.setdefault(name, deque(maxlen=SAMPLES))
            if samples and count < samples[-1][1]:
                samples.clear()  # the tasks went elsewhere and their counts with them
            samples.append((now, count))

    def rate(self, name: str) -> float:
        """Records per second over the last samples; 0 before there are two."""
        samples = self._samples.get(name)
        if samples is None or len(samples) < 2:
            return 0.0
        first, last = samples[max(0, len(samples) - 1 - WINDOW)], samples[-1]
        return _per_second(first, last)

    def history(self, name: str) -> list[float]:
        """The rate between each two samples, oldest first."""
        samples = list(self._samples.get(name, ()))
        return [_per_second(first, last) for first, last in pairwise(samples)]


def _per_second(first: tuple[float, float], last: tuple[float, float]) -> float:
    seconds = last[0] - first[0]
    return (last[1] - first[1]) / seconds if seconds > 0 else 0.0
