"""The topology for wrong clocks: a pass-through, and windows that are given when they close.

`CHAOS_AHEAD` bounds how far ahead of the clock records may be (ms).
"""

from __future__ import annotations

import os

from streamapp import MINUTE, SECOND, Topology, Windowed, stream, tumbling
from tests.chaos.pipeline import EVENTS, PASSED, TOTALS, Total, add, passed_on

GRACE = 30 * SECOND
AHEAD = int(os.environ["CHAOS_AHEAD"]) if "CHAOS_AHEAD" in os.environ else None


def closed(key: Windowed[str], total: Total) -> tuple[str, Total]:
    """A closed window under a name of its own."""
    return f"{key.key}@{key.start}", total


events = stream(EVENTS)
minutes = (
    events.group_by_key().windowed_by(tumbling(MINUTE, grace=GRACE)).aggregate(Total, add, "minutes", emit="close")
)

TOPOLOGIES = (
    Topology(
        "stamped",
        events.map_values(passed_on).to(PASSED),
        minutes.to_stream().map(closed).to(TOTALS),
        max_ahead_ms=AHEAD,
    ),
)
