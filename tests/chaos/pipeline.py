"""The topology that faults are done to: a pass-through, a table with every update, and windows behind a repartition.

Found through `STREAMAPP_TOPOLOGIES`, as an author's own package is.
"""

from __future__ import annotations

import os
import time

import msgspec

from streamapp import HOUR, MINUTE, Topic, Topology, stream, tumbling

SUFFIX = os.environ.get("CHAOS_SUFFIX", "")
"""Keeps the topics of scenes that share a broker apart."""
SLOW = float(os.environ.get("CHAOS_SLOW", "0"))
"""Seconds each event takes, for faults that must come in the middle of the work."""
PADDING = os.environ.get("CHAOS_PADDING", "") == "grows"
"""Whether the outputs are as long as the event says."""


BLOCKED = [int(os.environ["CHAOS_BLOCKED"])] if "CHAOS_BLOCKED" in os.environ else []
"""The sequence number of an event that takes longer than a session, the first time it comes to this process."""
BLOCKED_FOR = 9.0
"""Seconds."""


class Event(msgspec.Struct, frozen=True):
    """One event; `sequence` is its place in the input, `length` how long its output shall be."""

    group: str
    sequence: int
    length: int = 0


class Passed(msgspec.Struct, frozen=True):
    """What goes through."""

    sequence: int
    padding: str = ""


class Total(msgspec.Struct, frozen=True):
    """How many events there were and the sum of their sequence numbers: a lost or doubled one shows."""

    count: int = 0
    checksum: int = 0


def passed_on(event: Event) -> Passed:
    """The event, as slow and as long as it shall be."""
    if SLOW:
        time.sleep(SLOW)
    if event.sequence in BLOCKED:
        BLOCKED.clear()
        time.sleep(BLOCKED_FOR)
    return Passed(event.sequence, "x" * event.length if PADDING else "")


def add(total: Total, event: Event) -> Total:
    """Folds one event in; a negative sequence number is poison that shows only here, after an output."""
    if event.sequence < 0:
        raise ValueError(f"sequence {event.sequence} is negative")
    return Total(total.count + 1, total.checksum + event.sequence)


def group(event: Event) -> str:
    """The key of the repartition."""
    return event.group


EVENTS = Topic(f"events{SUFFIX}", key=str, value=Event)
PASSED = Topic(f"passed{SUFFIX}", key=str, value=Passed)
TOTALS = Topic(f"totals{SUFFIX}", key=str, value=Total)

events = stream(EVENTS)
totals = events.group_by_key().aggregate(Total, add, "total")
groups = (
    events.group_by(group, "by-group")
    .windowed_by(tumbling(MINUTE, grace=100_000 * HOUR))  # no event is late, however far the partitions run apart
    .aggregate(Total, add, "per-group")
)

TOPOLOGIES = (Topology("chaos", events.map_values(passed_on).to(PASSED), totals.to_stream().to(TOTALS), groups),)
