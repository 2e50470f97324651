"""Made-up thermometers for the demo: one is a cold store whose door is left open now and then, one falls silent.

The same numbers give the same readings. Knows nothing of time, topics or Kafka.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from topologies.analytics.events import Reading, SensorSettings

COLD_STORE, ATTIC = "cold-store", "attic"

SETTINGS = {
    COLD_STORE: SensorSettings(low=2.0, high=8.0, history=24),
    ATTIC: SensorSettings(silent_after=10_000),
}
"""What is unusual for each; degrees."""

COLD = (4.0, 4.2, 4.1, 4.4, 4.3)
OPEN = (9.5, 12.0, 13.5, 11.0)
"""While the door is open: long enough to be sustained."""

OPENED_EVERY, OPENED_FIRST = 60, 6
"""Of so many readings of the cold store the door is open from the first of these on."""


def readings() -> Iterator[tuple[str, Reading]]:
    """What they say, without end: the attic once, then the cold store alone."""
    yield ATTIC, reading(0, 61.5)
    for row in count():
        opened = (row - OPENED_FIRST) % OPENED_EVERY
        yield COLD_STORE, reading(row, OPEN[opened] if opened < len(OPEN) else COLD[row % len(COLD)])


def reading(row: int, degrees: float) -> Reading:
    """A reading with one decimal."""
    return Reading(row, degrees, f"{degrees:.1f}", round(degrees * 10) * 10**8)
