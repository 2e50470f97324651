"""Recorded and computed records, compared by key."""

from __future__ import annotations

import random

import pytest

from streamapp.replay.comparison import Comparison, Difference

PAIRS = [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"a", b"2"), (None, b"3"), (b"c", None)]


def compared(recorded: list[tuple[bytes | None, bytes | None]], *, last: bool = False) -> Comparison:
    """With `PAIRS`, in another order, as what is computed."""
    comparison = Comparison(lambda topic: last)
    for key, value in recorded:
        comparison.record("t", key, value)
    for key, value in PAIRS if last else random.Random(1).sample(PAIRS, len(PAIRS)):
        comparison.compute("t", key, value)
    return comparison


def test_the_same_records_in_another_order_are_no_difference() -> None:
    """Tombstones and null keys are records too."""
    comparison = compared(PAIRS)
    assert comparison.compared == 4
    assert list(comparison.different()) == []


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_a_planted_error_is_found(number: int) -> None:
    """A lost record, a doubled one, a changed one: each names its key."""
    key, value = PAIRS[number]
    rest = PAIRS[:number] + PAIRS[number + 1 :]
    assert list(compared(rest).different()) == [Difference("t", key, [], [value])]
    assert list(compared([*PAIRS, (key, value)]).different()) == [Difference("t", key, [value], [])]
    assert list(compared([*rest, (key, b"x")]).different()) == [Difference("t", key, [b"x"], [value])]


def test_where_only_last_values_count_the_others_do_not() -> None:
    """As on compacted topics."""
    assert list(compared([(b"a", b"2"), (b"b", b"1"), (None, b"3"), (b"c", None)], last=True).different()) == []
    assert len(list(compared([(b"a", b"1"), (b"b", b"1"), (None, b"3"), (b"c", None)], last=True).different())) == 1
