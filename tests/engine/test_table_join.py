"""A stream joined with a table: what each record finds at its time."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp import Topic, Topology, stream, table
from tests.engine.tasks import Bench, Out, bench, row

VIEWS = Topic("views", key=str, value=str)
USERS = Topic("users", key=str, value=str)
OUT = Topic("out", key=str, value=str)
NULL_KEY = row(9, None, "v")
NULL_VALUE = row(9, "k", None)


def inner() -> Bench:
    """Views of known users."""
    return bench(Topology("t", stream(VIEWS).join(table(USERS, "users"), both, value=str).to(OUT)))


def left() -> Bench:
    """All views."""
    return bench(Topology("t", stream(VIEWS).left_join(table(USERS, "users"), both, value=str).to(OUT)))


def both(view: str, user: str | None) -> str:
    """View and user."""
    return f"{view}+{user}"


def pairs(outputs: list[Out]) -> list[tuple[Any, Any]]:
    """Key and value of each."""
    return [(key, value) for _, key, value, _ in outputs]


def test_a_record_finds_the_row_as_it_is_when_it_comes() -> None:
    """A later change of the table gives no result of its own."""
    tested = inner()
    assert tested.process("views", row(0, "k", "v0")) == []
    assert tested.process("users", row(0, "k", "ada")) == []
    assert pairs(tested.process("views", row(1, "k", "v1"), row(2, "l", "v2"))) == [("k", "v1+ada")]
    assert tested.process("users", row(1, "k", "bob"), row(2, "k", None)) == []
    assert tested.process("views", row(3, "k", "v3")) == []


def test_a_left_join_takes_none_for_a_missing_row() -> None:
    """Before there is one, and after it was deleted."""
    tested = left()
    assert pairs(tested.process("views", row(0, "k", "v0"))) == [("k", "v0+None")]
    tested.process("users", row(0, "k", "ada"))
    assert pairs(tested.process("views", row(1, "k", "v1"))) == [("k", "v1+ada")]
    tested.process("users", row(1, "k", None))
    assert pairs(tested.process("views", row(2, "k", "v2"))) == [("k", "v2+None")]


@pytest.mark.parametrize(
    ("make", "record", "expected"),
    [
        (inner, NULL_KEY, []),
        (inner, NULL_VALUE, []),
        (left, NULL_KEY, [(None, "v+None")]),
        (left, NULL_VALUE, []),
    ],
)
def test_null_keys_and_values(make: Any, record: Any, expected: list[tuple[Any, Any]]) -> None:
    """Null values are dropped; null keys too, unless a left join is asked for (KIP-962). Drops are counted."""
    tested = make()
    tested.process("users", row(0, "k", "ada"))
    assert pairs(tested.process("views", record)) == expected
    assert sum(tested.task.dropped.values()) == 1 - len(expected)


def test_the_result_has_the_time_of_the_stream() -> None:
    """Whether the row is older or newer."""
    tested = inner()
    tested.process("users", row(0, "k", "ada", 500))
    assert [time for *_, time in tested.process("views", row(0, "k", "v", 100), row(1, "k", "v", 900))] == [100, 900]


def test_a_joiner_may_take_the_key() -> None:
    """It comes first."""
    joined = stream(VIEWS).join(table(USERS, "users"), lambda key, view, user: f"{key}:{view}+{user}", value=str)
    tested = bench(Topology("t", joined.to(OUT)))
    tested.process("users", row(0, "k", "ada"))
    assert pairs(tested.process("views", row(0, "k", "v"))) == [("k", "k:v+ada")]


def test_joins_with_the_table_of_an_aggregation() -> None:
    """The row is the aggregate of the records so far, those the author's steps put before it."""
    views = stream(VIEWS)
    count = views.group_by_key().count("views-per-key")
    tested = bench(Topology("t", views.join(count, lambda view, n: f"{view} no {n}", value=str).to(OUT)))
    assert pairs(tested.process("views", row(0, "k", "a"), row(1, "k", "b"))) == [("k", "a no 1"), ("k", "b no 2")]


def test_a_table_keeps_the_last_record_of_a_key_even_an_older_one() -> None:
    """Order in the topic counts, not the timestamp (KTableSource); null keys are dropped."""
    tested = bench(Topology("t", table(USERS, "users").to_stream().to(OUT)))
    found = tested.process(
        "users", row(0, "k", "new", 50), row(1, "k", "old", 20), row(2, None, "nobody"), row(3, "gone", None)
    )
    assert pairs(found) == [("k", "new"), ("k", "old"), ("gone", None)]
    assert tested.table("users") == {"k": "old"}
    assert tested.task.dropped == {"users": 1}
