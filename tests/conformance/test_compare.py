"""How strictly records are compared with expectations."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp.errors import UsageError
from streamapp.testing.conformance.cases import Record
from streamapp.testing.conformance.compare import agree

LEVELS = ("ordered", "ordered_per_node", "ordered_per_key", "multiset", "per_input_last", "final_per_key")


def record(after: int, key: Any, value: Any, *, node: str = "n", ts: int = 0) -> Record:
    """A record of the node `n`."""
    return {"after": after, "node": node, "key": key, "value": value, "ts": ts}


def levels(one: list[Record], other: list[Record]) -> set[str]:
    """The levels at which both are the same."""
    return {level for level in LEVELS if agree(level, one, other)}


def test_equal_records_agree_at_every_level() -> None:
    """Whatever they are."""
    records = [record(0, "a", 1), record(0, {"key": "a", "start": 0, "end": 5}, None)]
    assert levels(records, [dict(one) for one in records]) == set(LEVELS)


def test_the_order_of_nodes_matters_only_when_all_is_ordered() -> None:
    """Each node's own order is the same."""
    one = [record(0, "a", 1), record(0, "a", 1, node="m")]
    assert levels(one, one[::-1]) == set(LEVELS) - {"ordered"}


def test_the_order_of_keys_matters_per_node_but_not_per_key() -> None:
    """Windows of one key are one key."""
    one = [record(0, {"key": "a", "start": 0, "end": 5}, 1), record(0, {"key": "b", "start": 0, "end": 5}, 1)]
    assert levels(one, one[::-1]) == set(LEVELS) - {"ordered", "ordered_per_node"}
    windows = [record(0, {"key": "a", "start": 0, "end": 5}, 1), record(0, {"key": "a", "start": 5, "end": 10}, 1)]
    assert levels(windows, windows[::-1]) == {"multiset", "per_input_last", "final_per_key"}


def test_only_the_last_value_of_an_input_and_key_counts_per_input() -> None:
    """What was between is forgotten."""
    one = [record(0, "a", 1), record(0, "a", 2)]
    assert levels(one, one[1:]) == {"per_input_last", "final_per_key"}


def test_only_the_last_value_of_a_key_counts_at_the_end() -> None:
    """Whatever input it came of; its timestamp counts."""
    assert levels([record(0, "a", 1), record(1, "a", 2)], [record(5, "a", 2)]) == {"final_per_key"}
    assert levels([record(0, "a", 1, ts=1)], [record(0, "a", 1, ts=2)]) == set()


@pytest.mark.parametrize("other", [1.0, "1", True, None])
def test_numbers_and_texts_that_look_alike_differ(other: Any) -> None:
    """1, 1.0, "1" and true are four values."""
    assert levels([record(0, "a", 1)], [record(0, "a", other)]) == set()


def test_the_same_records_more_often_are_not_the_same() -> None:
    """In any order, but as many of each."""
    assert levels([record(0, "a", 1)], [record(0, "a", 1)] * 2) == {"per_input_last", "final_per_key"}


def test_a_level_that_is_none_is_refused() -> None:
    """The error lists those there are."""
    with pytest.raises(UsageError, match="'roughly' is no level of comparison: use one of ordered, "):
        agree("roughly", [], [])
