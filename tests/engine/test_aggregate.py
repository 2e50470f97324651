"""Count and aggregate per key."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp import Topic, Topology, stream
from tests.engine.tasks import Out, bench, row

SALES = Topic("sales", key=str, value=int)
TOTALS = Topic("totals", key=str, value=int)
BASKETS = Topic("baskets", key=str, value=dict)


def totals_of(aggregator: Any, start: int = 0) -> Topology:
    """Folds sales per key."""
    return Topology(
        "t",
        stream(SALES).group_by_key().aggregate(lambda: start, aggregator, "totals", value=int).to_stream().to(TOTALS),
    )


def values(outputs: list[Out]) -> list[Any]:
    """What was put out."""
    return [value for _, _, value, _ in outputs]


def test_counts_each_key_by_itself() -> None:
    """One update per record."""
    counted = bench(Topology("t", stream(SALES).group_by_key().count("totals").to_stream().to(TOTALS)))
    assert counted.process("sales", *(row(at, key, "1") for at, key in enumerate("aabab"))) == [
        ("totals", "a", 1, 0),
        ("totals", "a", 2, 1),
        ("totals", "b", 1, 2),
        ("totals", "a", 3, 3),
        ("totals", "b", 2, 4),
    ]
    assert counted.table("totals") == {"a": 3, "b": 2}


def test_folds_from_the_initial_value() -> None:
    """With the aggregate before the value."""
    tested = bench(totals_of(lambda total, sale: total * 10 + sale, start=7))
    assert values(tested.process("sales", row(0, "a", "1"), row(1, "a", "2"), row(2, "b", "3"))) == [71, 712, 73]


def test_an_aggregator_may_take_the_key() -> None:
    """It comes first."""
    tested = bench(totals_of(lambda key, total, sale: total + sale * len(key)))
    assert values(tested.process("sales", row(0, "abc", "2"), row(1, "abc", "5"))) == [6, 21]


def test_the_timestamp_is_the_latest_of_all_that_went_into_it() -> None:
    """A record out of order does not make the result older (KStreamAggregate)."""
    tested = bench(totals_of(lambda total, sale: total + sale))
    found = tested.process(
        "sales", row(0, "a", "1", 50), row(1, "a", "1", 20), row(2, "b", "1", 20), row(3, "a", "1", 60)
    )
    assert [(key, time) for _, key, _, time in found] == [("a", 50), ("a", 50), ("b", 20), ("a", 60)]


@pytest.mark.parametrize(("key", "value"), [(None, "1"), ("a", None), (None, None)])
def test_null_keys_and_values_are_dropped_and_counted(key: str | None, value: str | None) -> None:
    """They change nothing."""
    tested = bench(totals_of(lambda total, sale: total + sale))
    assert tested.process("sales", row(0, key, value)) == []
    assert tested.task.dropped == {"totals": 1}
    assert tested.table("totals") == {}


def test_a_null_aggregate_deletes_the_row() -> None:
    """The change is passed on as a null value, and the next record begins anew."""
    tested = bench(totals_of(lambda total, sale: None if sale < 0 else total + sale))
    found = tested.process("sales", *(row(at, "a", value) for at, value in enumerate(["3", "4", "-1", "5"])))
    assert values(found) == [3, 7, None, 5]
    tested.process("sales", row(4, "a", "-1"))
    assert tested.table("totals") == {}
    assert tested.state.changes() == {"totals": [(b"a", None, 4)]}


def test_an_aggregator_that_changes_its_aggregate_is_safe() -> None:
    """Each record sees the aggregate of the last one, also behind a record that failed after it changed it."""

    def add(basket: dict[str, int], sale: int) -> dict[str, int]:
        basket["lines"] = basket.get("lines", 0) + 1
        if sale < 0:
            raise ValueError("no such sale")
        return basket

    tested = bench(
        Topology("t", stream(SALES).group_by_key().aggregate(dict, add, "baskets", value=dict).to_stream().to(BASKETS))
    )
    found = tested.process("sales", *(row(at, "a", value) for at, value in enumerate(["1", "-1", "-1", "1"])))
    assert values(found) == [{"lines": 1}, {"lines": 2}]
    assert len(tested.task.dead_letters) == 2
    assert tested.table("baskets") == {"a": {"lines": 2}}


def test_a_group_that_changes_the_key_counts_behind_its_repartition_topic() -> None:
    """The first task writes the new key; the second counts it; both keep the record's time."""
    topology = Topology(
        "t",
        stream(SALES).group_by(lambda sale: f"{sale % 2}", "by-parity", key=str).count("totals").to_stream().to(TOTALS),
    )
    first, second = bench(topology, 0), bench(topology, 1)
    passed = first.process("sales", row(0, "a", "3", 70), row(1, None, "4", 60), row(2, "b", "5", 50))
    assert passed == [
        ("by-parity-repartition", "1", 3, 70),
        ("by-parity-repartition", "0", 4, 60),
        ("by-parity-repartition", "1", 5, 50),
    ]
    found = second.process("by-parity-repartition", row(0, "1", "3", 70), row(1, "0", "4", 60), row(2, "1", "5", 50))
    assert found == [("totals", "1", 1, 70), ("totals", "0", 1, 60), ("totals", "1", 2, 70)]


def test_a_group_under_a_null_key_is_dropped() -> None:
    """Before the repartition topic, counted under its name."""
    nobody: Any = None
    topology = Topology("t", stream(SALES).group_by(lambda sale: nobody, "by-nothing", key=str).count("totals"))
    tested = bench(topology)
    assert tested.process("sales", row(0, "a", "3")) == []
    assert tested.task.dropped == {"by-nothing-repartition": 1}
