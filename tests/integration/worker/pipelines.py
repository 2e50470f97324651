"""Topologies the worker is tested with; found through `STREAMAPP_TOPOLOGIES`, as an author's own package is."""

from __future__ import annotations

import os

import msgspec

from streamapp import HOUR, MINUTE, Topic, Topology, stream, table, tumbling

FACTOR = int(os.environ.get("PIPELINE_FACTOR", "1"))
"""Another one stands for another version of the code."""


class Reading(msgspec.Struct, frozen=True):
    """One measurement; `sequence` is its place in the input."""

    sensor: str
    sequence: int


class Total(msgspec.Struct, frozen=True):
    """How many readings there were, and the sum of their sequence numbers: a lost or doubled one shows."""

    readings: int = 0
    checksum: int = 0


def add(total: Total, reading: Reading) -> Total:
    """Folds one reading in; a negative sequence number is the poison the tests inject."""
    if reading.sequence < 0:
        raise ValueError(f"sequence {reading.sequence} is negative")
    return Total(total.readings + 1, total.checksum + FACTOR * reading.sequence)


def sensor(reading: Reading) -> str:
    """The key of the repartition."""
    return reading.sensor


SUFFIX = os.environ.get("PIPELINE_SUFFIX", "")
"""Keeps the topics of tests that share a broker apart."""

READINGS = Topic(f"readings{SUFFIX}", key=str, value=Reading)
TOTALS = Topic(f"totals{SUFFIX}", key=str, value=Total)
NAMES = Topic(f"names{SUFFIX}", key=str, value=str)
NAMED = Topic(f"named{SUFFIX}", key=str, value=str)

totals = stream(READINGS).group_by_key().aggregate(Total, add, "total-per-key")
by_sensor = (
    stream(READINGS)
    .group_by(sensor, "by-sensor")
    .windowed_by(tumbling(MINUTE, grace=100 * HOUR))  # no reading is late, however far the partitions run apart
    .aggregate(Total, add, "total-per-sensor")
)
named = stream(READINGS).join(table(NAMES, "name-of"), lambda reading, name: f"{name}#{reading.sequence}")

TOPOLOGIES = (
    Topology("totals", totals.to_stream().to(TOTALS)),
    Topology("sensors", by_sensor),
    Topology("naming", named.to(NAMED)),
    Topology("strict", stream(READINGS).group_by_key().aggregate(Total, add, "strict-total"), on_error="fail"),
)
