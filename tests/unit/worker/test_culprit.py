"""How the record is found whose results Kafka refuses."""

from __future__ import annotations

import pytest
from aiokafka.errors import InvalidTimestampError, TopicAuthorizationFailedError

from streamapp.kafka import RecordRefusedError, RecordTooLargeError, RetriableKafkaError
from streamapp.worker.culprit import Culprit, is_of_record

TASK = (0, 0)


def caused(error: Exception) -> RecordRefusedError:
    """A refusal as the writer raises it."""
    refusal = RecordRefusedError("refused")
    refusal.__cause__ = error
    return refusal


def rounds(records: int, bad: int, size: int = 5_000) -> tuple[list[int], list[int]]:
    """Processes records as the worker does; gives how many were tried at once, and which were put aside."""
    culprit, at, tried, aside = Culprit(size), 0, [], []
    while at < records:
        count = min(culprit.size or size, records - at)
        culprit.note(TASK, "t", at, count)
        tried.append(count)
        refused = [offset for offset in range(at, at + count) if (TASK, "t", offset) in culprit.refused]
        if at <= bad < at + count and bad not in refused:
            assert culprit.narrow(RecordTooLargeError("large"))
            assert len(tried) < 100
        else:
            aside += refused
            at += count
            culprit.committed({(TASK, "t"): at})
    return tried, aside


@pytest.mark.parametrize("bad", [0, 1, 17, 29])
def test_fewer_and_fewer_are_tried_until_one_is_left_and_then_more_again(bad: int) -> None:
    """The one is put aside, once; all others are processed."""
    tried, aside = rounds(30, bad)
    assert aside == [bad]
    assert tried[:2] == [30, 15]
    assert 1 in tried


def test_without_a_refusal_all_are_tried_at_once() -> None:
    """It costs nothing then."""
    assert rounds(30, bad=99) == ([30], [])


def test_it_goes_back_to_the_usual_size() -> None:
    """Twice as many after each commit."""
    tried, _ = rounds(40_000, bad=3)
    assert tried[-2] == 5_000


def test_what_is_refused_without_a_record_or_again_is_not_looked_for() -> None:
    """A punctuation has no record; a record that is put aside and refused all the same is not to blame."""
    culprit = Culprit(2)
    culprit.note(TASK, "t", 0, 2)
    assert culprit.narrow(RecordTooLargeError("large"))
    culprit.note(TASK, "", 0, 0)
    assert not culprit.narrow(RecordTooLargeError("large"))
    culprit.note(TASK, "t", 0, 1)
    assert culprit.narrow(RecordTooLargeError("large"))
    culprit.note(TASK, "t", 0, 1)
    assert not culprit.narrow(RecordTooLargeError("large"))


def test_only_refusals_for_what_is_in_a_record_count() -> None:
    """Not a missing permission, which every record would meet, nor a broker that is away."""
    assert is_of_record(caused(InvalidTimestampError()))
    assert not is_of_record(caused(TopicAuthorizationFailedError()))
    assert not is_of_record(RetriableKafkaError("away"))
