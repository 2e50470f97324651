"""Joins of tables by key and by foreign key, of streams with tables that have a past, and with global tables."""

from __future__ import annotations

import itertools
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamapp import Record, Table, Topic, Topology, global_table, json, stream, table
from streamapp.engine.plan import partition_counts, plan
from streamapp.formats import codec_for
from streamapp.testing.driver import TopologyDriver
from tests.engine.tasks import Bench, bench, row

A = Topic("a", key=str, value=str)
B = Topic("b", key=str, value=str)
OUT = Topic("out", key=str, value=str)

How = Literal["inner", "left", "outer"]
METHODS = {"inner": "join", "left": "left_join", "outer": "outer_join"}


def both(left: str | None, right: str | None) -> str:
    """Shows the two sides, a missing one as a dot."""
    return f"{left or '.'}{right or '.'}"


def first_letter(value: str) -> str | None:
    """The foreign key; null for what begins with a question mark."""
    return None if value.startswith("?") else value[0]


def joined(how: How, name: str | None = None) -> Topology:
    """Two tables joined by key."""
    left, right = table(A, "left"), table(B, "right")
    return Topology("t", getattr(left, METHODS[how])(right, both, name).to_stream().to(OUT))


def by_foreign_key(how: How, name: str = "fk") -> Table[str, str]:
    """Two tables joined by the first letter of the left one's values."""
    left, right = table(A, "left"), table(B, "right")
    alone = {"alone": lambda key: f"~{key}"} if how == "outer" else {}
    found: Table[str, str] = getattr(left, METHODS[how])(right, both, name, foreign_key=first_letter, **alone)
    return found


def read(driver: TopologyDriver) -> list[tuple[str, str | None]]:
    """Key and value of what came out since the last call."""
    return driver.pairs(OUT)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("inner", [("k", "ax"), ("k", None)]),
        ("left", [("k", "a."), ("k", "ax"), ("k", "a."), ("k", None)]),
        ("outer", [("k", "a."), ("k", "ax"), ("k", "a."), ("k", None), ("k", ".y")]),
    ],
)
def test_changes_of_both_sides(how: How, expected: list[tuple[str, str | None]]) -> None:
    """A row of the result comes, changes and goes with those of the two sides."""
    with TopologyDriver(joined(how)) as driver:
        driver.pipe(A, "k", "a")
        driver.pipe(B, "k", "x")
        driver.pipe(B, "k", None)
        driver.pipe(A, "k", None)
        driver.pipe(B, "k", "y")
        assert read(driver) == expected


def test_the_result_has_the_later_time() -> None:
    """Of the change and the row it found; a row alone has its own."""
    with TopologyDriver(joined("outer")) as driver:
        driver.pipe(A, "k", "a", timestamp=10)
        driver.pipe(B, "k", "x", timestamp=5)
        driver.pipe(B, "k", "y", timestamp=15)
        assert [record.timestamp for record in driver.read(OUT)] == [10, 10, 15]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["inner", "left", "outer"]),
    st.lists(st.tuples(st.booleans(), st.sampled_from("kq"), st.sampled_from(["a", "b", None])), max_size=12),
)
def test_a_named_join_holds_what_the_rows_of_the_sides_give(
    how: How, records: list[tuple[bool, str, str | None]]
) -> None:
    """At every moment, whatever the order of changes."""
    sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
    with TopologyDriver(joined(how, "j")) as driver:
        for left, key, value in records:
            driver.pipe(A if left else B, key, value)
            side = sides[not left]
            side.pop(key, None) if value is None else side.update({key: value})
            keys = sides[0].keys() | (sides[1].keys() if how == "outer" else set())
            if how == "inner":
                keys &= sides[1].keys()
            assert driver.table("j") == {key: both(sides[0].get(key), sides[1].get(key)) for key in keys}


def test_foreign_keys_follow_the_rows_of_both_sides() -> None:
    """A left row changes its foreign key, a right row changes for all that want it, both go."""
    with TopologyDriver(Topology("t", by_foreign_key("inner").to_stream().to(OUT))) as driver:
        driver.pipe(A, "1", "x1")
        driver.pipe(A, "2", "x2")
        assert read(driver) == []
        driver.pipe(B, "x", "X")
        assert read(driver) == [("1", "x1X"), ("2", "x2X")]
        driver.pipe(A, "1", "y1")
        assert read(driver) == [("1", None)]
        driver.pipe(B, "y", "Y")
        assert read(driver) == [("1", "y1Y")]
        driver.pipe(A, "2", None)
        driver.pipe(B, "y", None)
        assert read(driver) == [("2", None), ("1", None)]


def test_a_left_foreign_key_join_gives_every_left_row() -> None:
    """Also one whose foreign key is null."""
    with TopologyDriver(Topology("t", by_foreign_key("left").to_stream().to(OUT))) as driver:
        driver.pipe(A, "1", "x1")
        driver.pipe(A, "2", "?")
        driver.pipe(B, "x", "X")
        driver.pipe(A, "1", "?")
        driver.pipe(A, "2", None)
        assert read(driver) == [("1", "x1."), ("2", "?."), ("1", "x1X"), ("1", "?."), ("2", None)]


def test_an_outer_foreign_key_join_gives_right_rows_that_nobody_wants() -> None:
    """Under a key of the author's, until a left row refers to them, and again when the last has gone."""
    with TopologyDriver(Topology("t", by_foreign_key("outer").to_stream().to(OUT))) as driver:
        driver.pipe(B, "x", "X", timestamp=1)
        driver.pipe(B, "x", "Y", timestamp=2)
        assert driver.read(OUT) == [Record("~x", ".X", 1), Record("~x", ".Y", 2)]
        driver.pipe(A, "1", "x1", timestamp=3)
        driver.pipe(A, "2", "x2", timestamp=4)
        assert driver.read(OUT) == [Record("~x", None, 3), Record("1", "x1Y", 3), Record("2", "x2Y", 4)]
        driver.pipe(A, "1", None, timestamp=5)
        driver.pipe(A, "2", "?", timestamp=6)
        driver.pipe(B, "x", None, timestamp=7)
        assert driver.read(OUT) == [
            Record("1", None, 5),
            Record("~x", ".Y", 6),
            Record("2", "?.", 6),
            Record("~x", None, 7),
        ]


def test_subscriptions_are_written_like_the_keys_they_ask_for() -> None:
    """Else they would go to other partitions than the rows; answers go back to the partition that asked."""
    right = table(Topic("numbered", key=str, value=str, key_format=json), "right")
    result = table(A, "left").filter(bool).join(right, both, "fk", foreign_key=first_letter)
    planned = plan(Topology("t", result), codec_for)
    sinks = {sink.topic: sink for sub in planned.subtopologies for sink in sub.sinks}
    assert sinks["fk-subscription-registration-repartition"].key.encode("x") == b'"x"'
    back = sinks["fk-subscription-response-repartition"]
    assert back.partitioner is not None
    assert back.partitioner(b"1", back.value.encode(("X", b"digest", 2)), 4) == 2
    counts = partition_counts(planned, {"a": 6, "numbered": 3})
    assert counts == {"fk-subscription-registration-repartition": 3, "fk-subscription-response-repartition": 6}


def test_a_deletion_at_the_time_of_the_value_leaves_no_trace() -> None:
    """So a row of before that comes later is the last one, as in Kafka Streams; unless another ended there."""
    with TopologyDriver(past()) as driver:
        driver.pipe(B, "k", "x", timestamp=20)
        driver.pipe(B, "k", None, timestamp=20)
        driver.pipe(B, "k", "w", timestamp=15)
        assert driver.table("rows") == {"k": "w"}
        driver.pipe(B, "k", "y", timestamp=20)
        driver.pipe(B, "k", None, timestamp=20)
        driver.pipe(B, "k", "v", timestamp=16)
        assert driver.table("rows") == {}


def test_one_foreign_key_is_not_the_beginning_of_another() -> None:
    """A right row is found by all of its key."""
    left, right = table(A, "left"), table(B, "right")
    result = left.join(right, both, "fk", foreign_key=lambda value: value)
    with TopologyDriver(Topology("t", result.to_stream().to(OUT))) as driver:
        driver.pipe(A, "1", "x")
        driver.pipe(A, "2", "xx")
        driver.pipe(A, "3", "x\0")
        driver.pipe(B, "x", "X")
        assert read(driver) == [("1", "xX")]


CHANGES = st.lists(
    st.tuples(st.booleans(), st.sampled_from("12"), st.sampled_from(["x", "y", "?", None]), st.booleans()), max_size=14
)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["inner", "left", "outer"]), CHANGES)
def test_a_foreign_key_join_holds_what_the_rows_of_the_sides_give(
    how: How, records: list[tuple[bool, str, str | None, bool]]
) -> None:
    """At every moment, whatever the order of changes and restarts."""
    left: dict[str, str] = {}
    right: dict[str, str] = {}
    with TopologyDriver(Topology("t", by_foreign_key(how))) as driver:
        for at, (is_left, number, value, restarts) in enumerate(records):
            key = number if is_left else "xy"[int(number) - 1]
            text = None if value is None else f"{value}{at}"
            driver.pipe(A if is_left else B, key, text)
            if restarts:
                driver.restart()
            side = left if is_left else right
            side.pop(key, None) if text is None else side.update({key: text})
            expected = {key: both(value, right.get(value[0])) for key, value in left.items()}
            if how == "inner":
                expected = {key: text for key, text in expected.items() if not text.endswith(".")}
            if how == "outer":
                wanted = {value[0] for value in left.values()}
                expected |= {f"~{key}": both(None, value) for key, value in right.items() if key not in wanted}
            assert driver.table("fk") == expected


def past(grace: int | None = None, how: How = "left") -> Topology:
    """A stream joined with a table that keeps ten milliseconds of history."""
    rows = table(B, "rows", history=10)
    named = {} if grace is None else {"name": "late", "grace": grace}
    return Topology("t", getattr(stream(A), METHODS[how])(rows, both, **named).to(OUT))


def test_a_record_finds_the_row_of_its_own_time() -> None:
    """Not the last one; beyond the history only a row that has not changed since."""
    with TopologyDriver(past()) as driver:
        for timestamp, value in ((10, "x"), (15, "y"), (20, None), (22, "z")):
            driver.pipe(B, "k", value, timestamp=timestamp)
        for timestamp in (9, 11, 12, 15, 19, 20, 22):
            driver.pipe(A, "k", str(timestamp), timestamp=timestamp)
        assert [value for _, value in read(driver)] == ["9.", "11.", "12x", "15y", "19y", "20.", "22z"]


def test_a_row_that_comes_late_is_found_and_one_that_comes_too_late_is_dropped() -> None:
    """History is also how late a row may come: to the millisecond."""
    with TopologyDriver(past()) as driver:
        driver.pipe(B, "k", "z", timestamp=20)
        driver.pipe(B, "k", "y", timestamp=10)
        driver.pipe(B, "k", "x", timestamp=9)
        driver.pipe(A, "k", "a", timestamp=15)
        assert read(driver) == [("k", "ay")]
        assert driver.late == {"rows": 1}
        assert driver.table("rows") == {"k": "z"}


def test_grace_waits_for_rows_that_come_late() -> None:
    """A record leaves when stream time is `grace` beyond its own; one that is later than that does not wait."""
    with TopologyDriver(past(grace=5)) as driver:
        driver.pipe(A, "k", "a", timestamp=10, headers=(("h", b"1"),))
        driver.pipe(B, "k", "x", timestamp=9)
        driver.pipe(A, "q", "b", timestamp=14)
        driver.restart()
        assert driver.read(OUT) == []
        driver.pipe(A, "q", "c", timestamp=15)
        assert driver.read(OUT) == [Record("k", "ax", 10, (("h", b"1"),))]
        driver.pipe(A, "q", "d", timestamp=9)
        driver.pipe(A, None, "e", timestamp=15)
        assert read(driver) == [("q", "d."), (None, "e.")]


def test_versions_that_nobody_can_see_are_removed() -> None:
    """Old values and old deletions go at a commit, the last value never."""
    with TopologyDriver(past()) as driver:
        for timestamp in range(0, 100, 2):
            driver.pipe(B, "k", str(timestamp), timestamp=timestamp)
        driver.pipe(B, "gone", "x", timestamp=98)
        driver.pipe(B, "gone", None, timestamp=99)
        driver.pipe(B, "later", "y", timestamp=200)
        driver.commit()
        driver.restart()
        assert driver.table("rows") == {"k": "98", "later": "y"}
        driver.pipe(A, "k", "a", timestamp=150)
        assert read(driver) == [("k", "a98")]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.tuples(st.sampled_from(["x", None]), st.integers(0, 30), st.booleans()), max_size=15),
    st.integers(0, 40),
)
def test_history_agrees_with_a_plain_model(puts: list[tuple[str | None, int, bool]], at: int) -> None:
    """The value at a time is that of the latest record up to it, through commits and restarts.

    A deletion at the very time of the value it deletes may leave no trace, so that times are taken once here.
    """
    times: set[int] = set()
    model: dict[int, str | None] = {}
    now = -1
    with TopologyDriver(past()) as driver:
        for index, (value, time, restarts) in enumerate(puts):
            if time in times:
                continue
            times.add(time)
            if time >= now - 10:
                model[time] = None if value is None else f"{value}{index}"
            now = max(now, time)
            driver.pipe(B, "k", None if value is None else f"{value}{index}", timestamp=time)
            if restarts:
                driver.restart()
        driver.pipe(A, "k", "a", timestamp=at)
        known = [time for time in model if time <= at]
        found = model[max(known)] if known else None
        if at < now - 10 and known and max(known) != max(model):
            found = None
        assert read(driver) == [("k", both("a", found))]


def test_global_tables_are_looked_up_by_what_the_author_says() -> None:
    """Records that select nothing are dropped, or joined with None; a change of the table gives nothing."""
    products = global_table(B, "products")
    source = stream(A)
    inner = source.join(products, both, key=first_letter).to(OUT)
    left = source.left_join(products, both, key=lambda key, value: key).to(Topic("left", key=str, value=str))
    with TopologyDriver(Topology("t", inner, left)) as driver:
        driver.pipe(A, "x", "x1")
        driver.pipe(B, "x", "X")
        driver.pipe(B, None, "-")
        driver.pipe(A, "q", "x2")
        driver.restart()
        driver.pipe(A, None, "?")
        assert read(driver) == [("q", "x2X")]
        assert driver.pairs("left") == [("x", "x1."), ("q", "x2."), (None, "?.")]
        assert driver.table("products") == {"x": "X"}


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_joins_come_back_from_disk(store: Literal["memory", "rocksdb"]) -> None:
    """Subscriptions and results lie in stores like any other."""
    with TopologyDriver(Topology("t", by_foreign_key("left").to_stream().to(OUT)), store=store) as driver:
        for at, (is_left, key, value) in enumerate(
            [(True, "1", "x1"), (False, "x", "X"), (True, "2", "x2"), (False, "x", None)]
        ):
            driver.pipe(A if is_left else B, key, value, timestamp=at)
            driver.restart()
        assert read(driver) == [("1", "x1."), ("1", "x1X"), ("2", "x2X"), ("1", "x1."), ("2", "x2.")]


def test_all_orders_of_one_change_each_give_the_same_row() -> None:
    """Left row, right row and another right row, in every order."""
    for order in itertools.permutations([(True, "1", "x1"), (False, "x", "X"), (False, "y", "Y")]):
        with TopologyDriver(Topology("t", by_foreign_key("inner"))) as driver:
            for is_left, key, value in order:
                driver.pipe(A if is_left else B, key, value)
            assert driver.table("fk") == {"1": "x1X"}


def carry(given: Bench, *takers: Bench) -> None:
    """Lets those who read it process everything that was given out to topics between them."""
    for offset, (index, timestamp, key, value, headers) in enumerate(given.task.take_outputs()):
        topic = given.task.subtopology.sinks[index].topic
        for taker in takers:
            if topic in {source.topic for source in taker.task.subtopology.sources}:
                taker.task.process(topic, [(offset, timestamp, key, value, headers)])


def test_an_answer_that_comes_too_late_leaves_no_old_result() -> None:
    """The left row changes twice before the first answer, that it has lost its right row, is there."""
    topology = Topology("t", by_foreign_key("inner").to_stream().to(OUT))
    left, right = bench(topology, 0), bench(topology, 1)
    right.process("b", row(0, "a", "x"))
    left.task.process("a", [row(0, "k", "a1")])
    carry(left, right)
    carry(right, left)
    assert left.taken() == [("out", "k", "a1x", 0)]
    left.task.process("a", [row(1, "k", "b1"), row(2, "k", "b2")])
    carry(left, right)
    carry(right, left)
    assert left.taken() == [("out", "k", None, 2)]
    assert left.table("fk") == {}
