"""`describe` of windows, cogroup and suppress against what Kafka Streams prints (see `described_windows`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streamapp import (
    SECOND,
    Topic,
    Topology,
    Windowed,
    describe,
    hopping,
    session,
    sliding,
    stream,
    tumbling,
    until_time_limit,
    until_window_closes,
)
from streamapp.dsl.grouped import GroupedStream

DESCRIBED = Path(__file__).parent / "described_windows"


def topic(name: str) -> Topic[str, str]:
    """A topic of text."""
    return Topic(name, key=str, value=str)


def counts(name: str) -> Topic[Windowed[str], int]:
    """A topic of counts in windows."""
    return Topic(name, key=Windowed[str], value=int)


def group(name: str) -> GroupedStream[str, str]:
    """A topic's records by their key."""
    return stream(topic(name)).group_by_key()


def changed(name: str, repartition: str) -> GroupedStream[str, str]:
    """A topic's records by their value."""
    return stream(topic(name)).group_by(same, repartition)


def same(value: str) -> str:
    """A key."""
    return value


def last(aggregate: str, value: str) -> str:
    """A reducer, aggregator or merger."""
    return value


def reduce() -> Topology:
    """The last value of each key."""
    return Topology("t", group("in").reduce(last, "last").to_stream().to(topic("out")))


def windows() -> Topology:
    """One group in windows of every kind."""
    grouped = changed("in", "by-v")
    return Topology(
        "t",
        grouped.windowed_by(hopping(SECOND, advance=500)).count("hopping").to_stream().to(counts("hopping-out")),
        grouped.windowed_by(sliding(SECOND)).reduce(last, "sliding"),
        grouped.windowed_by(session(SECOND)).aggregate(str, last, "sessions", merger=last),
        grouped.windowed_by(tumbling(SECOND)).count("closed", emit="close"),
    )


def suppress() -> Topology:
    """Windows that are held back until they close."""
    table = group("in").windowed_by(tumbling(SECOND)).count("per-second").suppress(until_window_closes(), "final")
    return Topology("t", table.to_stream().to(counts("out")))


def cogroup() -> Topology:
    """Two streams, one of them repartitioned, in one aggregate."""
    left = group("left")
    both = left.cogroup(last).cogroup(changed("right", "by-v"), last).aggregate(str, "both")
    return Topology("t", both.to_stream().to(topic("out")))


def windowed_cogroup() -> Topology:
    """Two repartitioned streams in windows, held back for a time."""
    left, right = changed("left", "by-left"), changed("right", "by-right")
    both = left.cogroup(last).cogroup(right, last).windowed_by(sliding(SECOND)).aggregate(str, "both")
    return Topology("t", both.suppress(until_time_limit(SECOND, max_records=10), "later"))


BUILDERS: dict[str, Callable[[], Topology]] = {
    "reduce": reduce,
    "windows": windows,
    "suppress": suppress,
    "cogroup": cogroup,
    "windowed-cogroup": windowed_cogroup,
}


def test_every_description_of_kafka_is_compared() -> None:
    """No file that Kafka has written is left out."""
    assert set(BUILDERS) == {path.stem for path in DESCRIBED.glob("*.txt")}


@pytest.mark.parametrize("name", BUILDERS)
def test_prints_what_kafka_prints(name: str) -> None:
    """Letter for letter, with names, numbers, order and blank lines."""
    assert describe(BUILDERS[name]()) == (DESCRIBED / f"{name}.txt").read_text(encoding="utf-8")


def test_steps_that_kafka_lacks_are_processors() -> None:
    """`deduplicate` has a store of its name, and late records leave through a processor."""
    kept = stream(topic("in")).deduplicate("once", SECOND)
    table = kept.group_by_key().windowed_by(tumbling(SECOND)).count("per-second")
    text = describe(Topology("t", table.late().to(topic("late"))))
    assert "Processor: once (stores: [once])" in text
    assert "Processor: KSTREAM-LATE-0000000003 (stores: [])" in text
