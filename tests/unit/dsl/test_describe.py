"""`describe` against what Kafka Streams 4.3.1 itself prints (`described/Describe.java`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streamapp import MINUTE, SECOND, Topic, Topology, Windowed, describe, stream, table, tumbling
from streamapp.dsl.stream import End

DESCRIBED = Path(__file__).parent / "described"


def topic(name: str) -> Topic[str, str]:
    """A topic of text."""
    return Topic(name, key=str, value=str)


def always(value: str) -> bool:
    """Keeps all."""
    return True


def same(value: str) -> str:
    """The value, also as a key."""
    return value


def left(value: str, other: object) -> str:
    """A joiner."""
    return value


def last(aggregate: str, value: str) -> str:
    """An aggregator."""
    return value


def stateless() -> Topology:
    """One of each step without state."""
    steps = stream(topic("in")).filter(always).filter_not(always).map_values(same)
    return Topology("t", steps.map(lambda key, value: (key, value)).select_key(same).to(topic("out")))


def join() -> Topology:
    """A stream joined with a table made before it."""
    users = table(topic("users"), "users")
    return Topology("t", stream(topic("activity")).join(users, left).to(topic("enriched")))


def left_join() -> Topology:
    """A stream joined with a table made after it."""
    activity = stream(topic("activity"))
    users = table(topic("users"), "users-by-id")
    return Topology("t", activity.left_join(users, left).to(topic("enriched")))


def table_alone() -> Topology:
    """A table, and its changes written."""
    return Topology("t", table(topic("users"), "users").to_stream().to(topic("copy")))


def example() -> Topology:
    """A filter, a join, a repartition and a windowed count."""
    users = table(topic("users"), "users")
    counts = (
        stream(topic("page-views"))
        .filter(always)
        .join(users, left)
        .group_by(same, "by-country")
        .windowed_by(tumbling(5 * MINUTE, grace=30 * SECOND))
        .count("views-per-country")
    )
    return Topology("t", counts.to_stream().to(Topic("country-counts", key=Windowed[str], value=int)))


def two_aggregates() -> Topology:
    """A group by a new key, aggregated twice."""
    group = stream(topic("in")).group_by(same, "by-v")
    counts = group.count("x")
    out = group.aggregate(str, last, "y").to_stream().to(topic("out"))
    return Topology("t", counts, out, stream(topic("in2")).to(topic("out2")))


def two_aggregates_of_the_key() -> Topology:
    """A group by the key it has, aggregated twice."""
    group = stream(topic("in")).group_by_key()
    return Topology("t", group.count("x"), group.aggregate(str, last, "y").to_stream().to(topic("out")))


def group_by_changed_key() -> Topology:
    """A group by a key that a step has changed."""
    counts = stream(topic("in")).select_key(same).group_by_key("by-v").count("x")
    return Topology("t", counts.to_stream().to(Topic("out", key=str, value=int)))


def repartition() -> Topology:
    """A repartition, then a join."""
    moved = stream(topic("in")).select_key(same).repartition("by-v")
    return Topology("t", moved.left_join(table(topic("users"), "users"), left).to(topic("out")))


def topic_read_twice() -> Topology:
    """Two streams of one topic are one source."""
    first = stream(topic("in")).filter(always).to(topic("out1"))
    return Topology("t", first, stream(topic("in")).map_values(same).to(topic("out2")))


def branches() -> Topology:
    """Many branches of many lengths."""
    in_ = stream(topic("in"))
    kept = in_.filter(always)
    ends: list[End] = [
        kept.to(topic("out1")),
        kept.map_values(same).to(topic("out2")),
        in_.to(topic("out3")),
        kept.filter(always).filter(always).to(topic("out4")),
        kept.map_values(same).map_values(same).map_values(same).to(topic("out5")),
        stream(topic("other")).to(topic("out6")),
    ]
    return Topology("t", *ends)


def self_join() -> Topology:
    """A stream joined with its own count."""
    in_ = stream(topic("in"))
    return Topology("t", in_.join(in_.group_by_key().count("x"), left).to(topic("out")))


def three_steps() -> Topology:
    """Sub-topologies one behind the other, and one beside."""
    in_ = stream(topic("in"))
    users = table(topic("users"), "users")
    moved = in_.select_key(same).repartition("by-user")
    counts = moved.join(users, left).group_by(same, "by-x").count("n").to_stream()
    return Topology(
        "t",
        counts.to(Topic("counts", key=str, value=int)),
        stream(topic("z")).group_by_key().count("m"),
        moved.to(topic("out")),
    )


def groups_out_of_order() -> Topology:
    """The group that was made first is aggregated last."""
    group = stream(topic("a")).group_by(same, "g")
    other = stream(topic("b"))
    counts = other.group_by(same, "h").count("h-count")
    return Topology("t", counts, group.count("g-count"), other.to(topic("out")))


def sources_of_a_join() -> Topology:
    """Two streams joined with one table are one sub-topology."""
    first = stream(topic("b"))
    first_end = first.to(topic("out1"))
    second = stream(topic("a"))
    second_end = second.to(topic("out2"))
    users = table(topic("users"), "users")
    third_end = second.join(users, left).to(topic("out3"))
    return Topology("t", first_end, second_end, third_end, first.join(users, left).to(topic("out4")))


BUILDERS: dict[str, Callable[[], Topology]] = {
    "stateless": stateless,
    "join": join,
    "left-join": left_join,
    "table": table_alone,
    "example": example,
    "two-aggregates": two_aggregates,
    "two-aggregates-of-the-key": two_aggregates_of_the_key,
    "group-by-changed-key": group_by_changed_key,
    "repartition": repartition,
    "topic-read-twice": topic_read_twice,
    "branches": branches,
    "self-join": self_join,
    "three-steps": three_steps,
    "groups-out-of-order": groups_out_of_order,
    "sources-of-a-join": sources_of_a_join,
}


def test_every_description_of_kafka_is_compared() -> None:
    """No file that Kafka has written is left out."""
    assert set(BUILDERS) == {path.stem for path in DESCRIBED.glob("*.txt")}


@pytest.mark.parametrize("name", BUILDERS)
def test_prints_what_kafka_prints(name: str) -> None:
    """Letter for letter, with names, numbers, order and blank lines."""
    assert describe(BUILDERS[name]()) == (DESCRIBED / f"{name}.txt").read_text(encoding="utf-8")
