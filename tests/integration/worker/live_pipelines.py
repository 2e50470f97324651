"""Topologies for what only shows while a worker runs: clocks, waiting, limits, new topics, global tables."""

from __future__ import annotations

import os
import random
import string
from pathlib import Path

from streamapp import (
    Processor,
    ProcessorContext,
    Record,
    Topic,
    TopicPattern,
    Topology,
    global_table,
    key_value_store,
    retrying,
    stream,
)

SUFFIX = os.environ.get("PIPELINE_SUFFIX", "")
"""Keeps the topics of tests that share a broker apart."""

GATE = Path(os.environ.get("PIPELINE_GATE", "/nonexistent"))
"""While this file exists, some records fail."""

TEXTS = Topic(f"live-texts{SUFFIX}", key=str, value=str)
TICKS = Topic(f"live-ticks{SUFFIX}", key=str, value=int)
PATIENT = Topic(f"live-patient{SUFFIX}", key=str, value=str)
EASY = Topic(f"live-easy{SUFFIX}", key=str, value=str)
SMALL = Topic(f"live-small{SUFFIX}", key=str, value=str)
ROWS = Topic(f"live-rows{SUFFIX}", key=str, value=str)
FOUND = Topic(f"live-found{SUFFIX}", key=str, value=str)
NOISE = Topic(f"live-noise{SUFFIX}", key=str, value=str)
GROWN = Topic(f"live-grown{SUFFIX}", key=str, value=str)

COUNT = key_value_store("tick-count", key=str, value=int)


class Ticking(Processor[str, str, str, int]):
    """Counts calls by the wall clock, ten a second at most."""

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Opens the store and schedules."""
        self.context, self.count = context, context.store(COUNT)
        context.schedule(100, "wall_clock", self.tick)

    def process(self, record: Record[str, str]) -> None:
        """Records do not matter."""

    def tick(self, now: int) -> None:
        """Counts."""
        number = (self.count.get("ticks") or 0) + 1
        self.count.put("ticks", number)
        self.context.forward(Record("ticks", number, now))


def closed(value: str) -> str:
    """Fails for a value while the gate is there."""
    if value == "blocked" and GATE.exists():
        raise ConnectionError("the gate is closed")
    return value


def both(left: str, right: str) -> str:
    """One text beside the other."""
    return f"{left} {right}"


def sized(value: str) -> str:
    """As many letters as the value says."""
    return "x" * int(value)


def noisy(value: str) -> str:
    """As many letters as the value says, such as cannot be compressed much."""
    return "".join(random.Random(value).choices(string.ascii_letters, k=int(value)))


matching = TopicPattern(rf"live-many-\w+{SUFFIX}", key=str, value=str)
large = stream(TEXTS).map_values(sized)
noise = stream(TEXTS).map_values(noisy).group_by_key().reduce(lambda old, new: new, "last-noise").to_stream()

TOPOLOGIES = (
    Topology("ticking", stream(TEXTS).process(Ticking, "tick", stores=[COUNT]).to(TICKS)),
    Topology(
        "patient",
        stream(TEXTS).map_values(closed).to(PATIENT),
        on_error=retrying(10_000, after=200, factor=1.0),
    ),
    Topology("easy", stream(TEXTS).to(EASY)),
    Topology("limited", large.group_by_key().count("limited-counts"), large.to(SMALL)),
    Topology("hunting", noise.to(NOISE)),
    Topology("looking", stream(TEXTS).join(global_table(ROWS, "known-rows"), both, key=str).to(FOUND)),
    Topology("growing", stream(matching).to(GROWN)),
)
