"""`describe` of tables and joins against what Kafka Streams 4.3.1 prints (`described_joins/DescribeJoins.java`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from streamapp import MINUTE, SECOND, Table, Topic, Topology, describe, global_table, join_windows, stream, table
from streamapp.dsl.join_windows import JoinWindows

DESCRIBED = Path(__file__).parent / "described_joins"

OURS = (
    ("fk-subscription-registration-topic", "fk-subscription-registration-repartition"),
    ("fk-subscription-response-topic", "fk-subscription-response-repartition"),
    ("late-Buffer", "late-buffer"),
)
"""Names of Kafka's that are others here: all internal topics that are not changelogs end in -repartition."""


def topic(name: str) -> Topic[str, str]:
    """A topic of text."""
    return Topic(name, key=str, value=str)


def rows(name: str, topic_name: str) -> Table[str, str]:
    """A table of text."""
    return table(topic(topic_name), name)


def always(value: str) -> bool:
    """Keeps all."""
    return True


def same(value: str) -> str:
    """The value."""
    return value


def pair(value: str) -> tuple[str, str]:
    """The value as key and value."""
    return value, value


def first(value: str, other: object) -> str:
    """A joiner."""
    return value


def either(value: str | None, other: str | None) -> str:
    """A joiner of what may be missing."""
    return value or other or ""


def within(minutes: int) -> JoinWindows:
    """A window of some minutes and half a minute of grace."""
    return join_windows(minutes * MINUTE, grace=30 * SECOND)


def to_table() -> Topology:
    """A table made of a stream, and what follows from its rows."""
    kept = stream(topic("in")).to_table("rows")
    return Topology("t", kept.filter(always).map_values(same).to_stream().to(topic("out")))


def unkept_table() -> Topology:
    """A table that no step asks for rows."""
    unkept = table(topic("in"), "rows", materialized=False)
    return Topology("t", unkept.filter(always).to_stream().to(topic("out")))


def kept_table_steps() -> Topology:
    """Steps with rows of their own."""
    steps = rows("rows", "in").filter(always, "some").map_values(same, "mapped")
    return Topology("t", steps.to_stream().to(topic("out")))


def table_groups() -> Topology:
    """Two aggregates of one group of a table."""
    groups = rows("rows", "in").group_by(pair, "by-v")
    counts = groups.count("n").to_stream().to(Topic("counts", key=str, value=int))
    return Topology("t", counts, groups.reduce(first, first, "r").to_stream().to(topic("out")))


def table_join() -> Topology:
    """Two tables."""
    left = rows("left", "a")
    return Topology("t", left.join(rows("right", "b"), first).to_stream().to(topic("out")))


def table_joins() -> Topology:
    """A kept join of a table with a filtered one, joined with a third."""
    left, right = rows("left", "a"), rows("right", "b")
    both = left.left_join(right.filter(always), first, "both")
    return Topology("t", both.outer_join(rows("third", "c"), either).to_stream().to(topic("out")))


def stream_join() -> Topology:
    """Two streams."""
    left = stream(topic("a"))
    return Topology("t", left.join(stream(topic("b")), first, "near", within=within(5)).to(topic("out")))


def stream_left_join() -> Topology:
    """Two streams, of which the left may stand alone."""
    left = stream(topic("a"))
    return Topology("t", left.left_join(stream(topic("b")), first, "near", within=within(5)).to(topic("out")))


def stream_outer_join() -> Topology:
    """Two streams, of which either may stand alone."""
    left = stream(topic("a"))
    return Topology("t", left.outer_join(stream(topic("b")), either, "near", within=within(5)).to(topic("out")))


def global_join() -> Topology:
    """A stream and a global table."""
    products = global_table(topic("products"), "products")
    return Topology("t", stream(topic("in")).join(products, first, key=same).to(topic("out")))


def grace_join() -> Topology:
    """A stream that waits for a table's past."""
    users = table(topic("users"), "users", history=5 * MINUTE)
    return Topology("t", stream(topic("in")).join(users, first, "late", grace=MINUTE).to(topic("out")))


def foreign_key_join() -> Topology:
    """Two tables, by what stands in the left one's rows."""
    left = rows("left", "a")
    joined = left.join(rows("right", "b"), first, "fk", foreign_key=same)
    return Topology("t", joined.to_stream().to(topic("out")))


CASES: dict[str, Callable[[], Topology]] = {
    "to-table": to_table,
    "unkept-table": unkept_table,
    "kept-table-steps": kept_table_steps,
    "table-groups": table_groups,
    "table-join": table_join,
    "table-joins": table_joins,
    "stream-join": stream_join,
    "stream-left-join": stream_left_join,
    "stream-outer-join": stream_outer_join,
    "global-join": global_join,
    "grace-join": grace_join,
    "foreign-key-join": foreign_key_join,
}


@pytest.mark.parametrize("name", CASES)
def test_describe_prints_what_kafka_prints(name: str) -> None:
    """Tables and joins come out as Kafka Streams describes them, but for a few names."""
    expected = (DESCRIBED / f"{name}.txt").read_text(encoding="utf-8")
    for theirs, ours in OURS:
        expected = expected.replace(theirs, ours)
    assert describe(CASES[name]()) == expected
