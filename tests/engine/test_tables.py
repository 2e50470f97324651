"""Tables: which keep rows and know old values, their steps, and aggregates of their rows by another key."""

from __future__ import annotations

from typing import Literal

import pytest

from streamapp import Table, Topic, Topology, TopologyError, join_windows, stream, table
from streamapp.dsl.changes import changes_of
from streamapp.dsl.node import Node, ancestors
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=str)
OTHER = Topic("other", key=str, value=str)
OUT = Topic("out", key=str, value=str)
COUNTS = Topic("counts", key=str, value=int)


def short(value: str) -> bool:
    """Keeps values of one letter."""
    return len(value) == 1


def by_first(value: str) -> tuple[str, str]:
    """The value under its first letter."""
    return value[0], value


def plus(aggregate: str, value: str) -> str:
    """Adds a value."""
    return f"{aggregate}+{value}"


def minus(aggregate: str, value: str) -> str:
    """Shows that a value was taken away."""
    return f"{aggregate}-{value}"


def joined(left: str | None, right: str | None) -> str:
    """Both values."""
    return f"{left}{right}"


def out(result: Table[str, str]) -> Topology:
    """The changes of a table, on a topic."""
    return Topology("t", result.to_stream().to(OUT))


def changes(topology: Topology, *records: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    """What comes out for records piped into `in`."""
    with TopologyDriver(topology) as driver:
        for at, (key, value) in enumerate(records):
            driver.pipe(IN, key, value, timestamp=at)
        return driver.pairs(OUT)


def kept_and_old(result: Table[str, str], *tables: Table[str, str]) -> list[tuple[bool, bool]]:
    """For each table, whether it keeps rows and sends old values."""
    found = changes_of(tuple(ancestors((result.node,))))
    return [(found.keeps(one.node), found.sends_old(one.node)) for one in tables]


def unkept(topic: Topic[str, str], name: str) -> Table[str, str]:
    """A table that is kept only if a step needs it."""
    return table(topic, name, materialized=False)


def test_a_table_that_nobody_asks_keeps_no_rows() -> None:
    """Nor does it know old values; a table with a name of the author's is kept."""
    rows, kept = unkept(IN, "rows"), table(IN, "kept")
    assert kept_and_old(rows.filter(short), rows) == [(False, False)]
    assert kept_and_old(kept.map_values(str), kept) == [(True, False)]


def test_a_filter_asks_only_tables_that_are_kept_already() -> None:
    """What is asked for later does not change a filter made before (Kafka decides when the step is made)."""
    rows, other = unkept(IN, "rows"), unkept(OTHER, "other")
    before = rows.filter(short)
    result = before.join(rows.join(other, joined), joined)
    assert kept_and_old(result, rows, before) == [(True, False), (True, False)]
    kept = table(IN, "rows-2")
    filtered = kept.filter(short)
    assert kept_and_old(filtered, kept, filtered) == [(True, True), (True, True)]


@pytest.mark.parametrize(
    ("how", "olds"), [("join", (False, False)), ("left_join", (True, False)), ("outer_join", (True, True))]
)
def test_joins_keep_both_sides_and_need_the_old_values_of_outer_ones(how: str, olds: tuple[bool, bool]) -> None:
    """A side whose rows stand alone must tell whether there was a row."""
    left, right = unkept(IN, "left"), unkept(OTHER, "right")
    result = getattr(left, how)(right, joined)
    assert kept_and_old(result, left, right) == [(True, olds[0]), (True, olds[1])]


def test_grouping_needs_old_values_through_every_step() -> None:
    """To take away what a row was."""
    rows = unkept(IN, "rows")
    mapped = rows.map_values(str.upper)
    counted = mapped.group_by(by_first, "g").count("n")
    found = changes_of(tuple(ancestors((counted.node,))))
    assert [found.sends_old(node) for node in (rows.node, mapped.node)] == [True, True]


def test_a_filter_that_knows_old_values_says_nothing_of_rows_it_never_passed_on() -> None:
    """One that does not deletes them again with each change."""
    records = (("k", "long"), ("k", "longer"), ("k", "s"), ("k", "long"), ("k", "long"))
    assert changes(out(table(IN, "rows").filter(short)), *records) == [("k", "s"), ("k", None)]
    assert changes(out(unkept(IN, "rows").filter(short)), *records) == [
        ("k", None),
        ("k", None),
        ("k", "s"),
        ("k", None),
        ("k", None),
    ]


def test_filter_not_and_null_values() -> None:
    """The negation is of the predicate alone; a null value stays null and is not asked about."""
    topology = out(unkept(IN, "rows").filter_not(short))
    assert changes(topology, ("k", "long"), ("k", "s"), ("k", None)) == [("k", "long"), ("k", None), ("k", None)]


def test_map_values_is_never_given_null() -> None:
    """A deleted row stays deleted."""
    topology = out(unkept(IN, "rows").map_values(lambda key, value: key + value, value=str))
    assert changes(topology, ("k", "a"), ("k", None)) == [("k", "ka"), ("k", None)]


def test_named_steps_keep_rows() -> None:
    """A name makes a step's rows readable."""
    steps = table(IN, "rows").filter(short, "short").map_values(str.upper, "upper")
    with TopologyDriver(out(steps)) as driver:
        for key, value in (("a", "x"), ("b", "long"), ("c", "y"), ("c", None)):
            driver.pipe(IN, key, value)
        assert driver.table("short") == {"a": "x"}
        assert driver.table("upper") == {"a": "X"}


def test_to_table_keeps_the_last_value_and_drops_null_keys() -> None:
    """A stream's records are a table's changes."""
    with TopologyDriver(out(stream(IN).to_table("rows"))) as driver:
        for key, value in (("k", "a"), (None, "b"), ("k", "c"), ("q", "d"), ("q", None)):
            driver.pipe(IN, key, value)
        assert driver.table("rows") == {"k": "c"}
        assert driver.pairs(OUT) == [("k", "a"), ("k", "c"), ("q", "d"), ("q", None)]
        assert driver.dropped == {"rows": 1}


def test_a_row_moves_from_group_to_group() -> None:
    """What it was is taken away first; within one group, old and new travel together and give one change."""
    groups = table(IN, "rows").group_by(by_first, "g")
    topology = out(groups.aggregate(str, plus, minus, "sum"))
    records = (("1", "a1"), ("2", "a2"), ("1", "a3"), ("1", "b1"), ("2", None))
    assert changes(topology, *records) == [
        ("a", "+a1"),
        ("a", "+a1+a2"),
        ("a", "+a1+a2-a1+a3"),
        ("a", "+a1+a2-a1+a3-a3"),
        ("b", "+b1"),
        ("a", "+a1+a2-a1+a3-a3-a2"),
    ]


def test_count_of_groups() -> None:
    """Rows that go are counted down."""
    counts = table(IN, "rows").group_by(by_first, "g").count("n").to_stream()
    with TopologyDriver(Topology("t", counts.to(COUNTS))) as driver:
        for key, value in (("1", "a"), ("2", "ab"), ("1", "b"), ("2", None)):
            driver.pipe(IN, key, value)
        assert driver.pairs(COUNTS) == [("a", 1), ("a", 2), ("a", 1), ("b", 1), ("a", 0)]


def test_reduce_begins_with_the_first_value_and_pairs_with_nulls_are_left_out() -> None:
    """A reduce has no empty aggregate; a mapper may leave a row out by a null key or value."""
    groups = table(IN, "rows").group_by(
        lambda value: (value[0], None if value == "a?" else value), "g", key=str, value=str
    )
    topology = out(groups.reduce(plus, minus, "sum"))
    assert changes(topology, ("1", "a1"), ("2", "a?"), ("3", "a2"), ("1", None)) == [
        ("a", "a1"),
        ("a", "a1+a2"),
        ("a", "a1+a2-a1"),
    ]


def test_a_result_has_the_latest_time_of_its_changes() -> None:
    """An older change does not make a group older."""
    with TopologyDriver(out(table(IN, "rows").group_by(by_first, "g").reduce(plus, minus, "sum"))) as driver:
        driver.pipe(IN, "1", "a1", timestamp=50)
        driver.pipe(IN, "2", "a2", timestamp=10)
        driver.pipe(IN, "2", None, timestamp=20)
        assert [record.timestamp for record in driver.read(OUT)] == [50, 50, 50]


def test_created_nodes_are_what_changes_are_asked_of() -> None:
    """The rules see every kind of table there is: none is passed over without a store."""
    rows = table(IN, "rows")
    nodes: tuple[Node, ...] = tuple(ancestors((rows.node,)))
    assert changes_of(nodes).unkept == frozenset()


def test_two_steps_may_not_keep_state_under_one_name() -> None:
    """Also when it was made of two names that differ."""
    near = stream(IN).join(stream(OTHER), joined, "near", within=join_windows(1))
    rows = table(Topic("third", key=str, value=str), "near-this-join-store")
    topology = Topology("t", near.to(OUT), rows)
    with pytest.raises(TopologyError, match="both keep state under 'near-this-join-store'"):
        TopologyDriver(topology)


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_a_record_that_fails_leaves_no_trace_in_joins_and_groups(store: Literal["memory", "rocksdb"]) -> None:
    """Rows, windows, what waits, and the times they go by are as they were before it."""
    rows = table(OTHER, "rows", history=5)
    near = stream(IN).left_join(stream(IN), careful, "near", within=join_windows(5))
    late = stream(IN).left_join(rows, careful, "late", grace=2)
    sums = stream(IN).to_table("last").group_by(by_first, "g").reduce(careful, minus, "sum")
    ends = (near.to(OUT), late.to(Topic("late", key=str, value=str)), sums)
    records = [("k", "a", 10), ("k", "b", 12), ("q", "c", 15), ("k", "d", 14), ("q", "e", 40)]

    def run(bad: bool) -> tuple[list[object], list[object], dict[str, str]]:
        with TopologyDriver(Topology("t", *ends), store=store) as driver:
            for key, value, timestamp in records:
                driver.pipe(OTHER, key, value, timestamp=timestamp)
                driver.pipe(IN, key, value, timestamp=timestamp)
                if bad:
                    driver.pipe(IN, key, "!", timestamp=timestamp + 1)
            letters = len(driver.dead_letters)
            assert letters == (len(records) if bad else 0)
            return list(driver.read(OUT)), list(driver.read("late")), driver.table("sum")

    assert run(bad=True) == run(bad=False)


def careful(left: str | None, right: str | None) -> str:
    """A function that fails for exclamation marks."""
    if "!" in f"{left}{right}":
        raise ValueError("an exclamation mark")
    return f"{left}{right}"
