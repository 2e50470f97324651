"""What answers of a cluster mean: about offsets, commits and topics."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import errors as kafka

from streamapp.errors import ConfigurationError, FencedError
from streamapp.kafka import StaleMemberError, TopicInfo
from streamapp.kafka.offsets import UnstableOffsetError, check_commit, committed_in
from streamapp.kafka.topics import mismatch, topics_in

ID = bytes(range(16))


def offsets(*partitions: tuple[int, int, str, int], code: int = 0) -> Any:
    """An answer to OffsetFetch: partition, offset, metadata, error code."""
    rows: Any = [(number, offset, -1, metadata, error, {}) for number, offset, metadata, error in partitions]
    return SimpleNamespace(error_code=code, topics=[("orders", rows, {})])


def test_offsets_and_their_metadata() -> None:
    """No offset is -1, and has no metadata."""
    assert committed_in(offsets((0, 12, "m", 0), (1, -1, "", 0))) == {
        ("orders", 0): (12, "m"),
        ("orders", 1): (-1, None),
    }


def test_an_offset_that_is_about_to_change_is_no_answer() -> None:
    """KIP-447: the transaction that commits it has not ended; asked again."""
    with pytest.raises(UnstableOffsetError, match="orders 1") as raised:
        committed_in(offsets((0, 12, "m", 0), (1, -1, "", 88)))
    assert raised.value.retriable


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (16, kafka.NotCoordinatorForGroupError),
        (14, kafka.GroupLoadInProgressError),
        (30, kafka.GroupAuthorizationFailedError),
    ],
)
def test_a_coordinator_that_cannot_answer(code: int, kind: type[Exception]) -> None:
    """The group as a whole is answered for by one code."""
    with pytest.raises(kind):
        committed_in(offsets(code=code))


@pytest.mark.parametrize(
    ("code", "kind"),
    [(22, StaleMemberError), (25, StaleMemberError), (27, StaleMemberError), (82, FencedError), (12, kafka.KafkaError)],
)
def test_a_commit_is_refused(code: int, kind: type[Exception]) -> None:
    """For one partition is for all: the commit did not happen as a whole."""
    response = SimpleNamespace(topics=[("orders", [(0, 0), (1, code)])])
    with pytest.raises(kind):
        check_commit(response, "billing")
    check_commit(SimpleNamespace(topics=[("orders", [(0, 0), (1, 0)])]), "billing")


def topic(name: str, *leaders: int, code: int = 0, internal: bool = False) -> Any:
    """A topic in an answer to Metadata, with two replicas of each partition."""
    partitions: Any = [(0, number, leader, 0, [1, 2], [1], [], {}) for number, leader in enumerate(leaders)]
    return (code, name, ID, internal, partitions, 0, {})


def test_topics_that_exist() -> None:
    """Unknown topics, and names no topic can have, are left out."""
    answer = SimpleNamespace(topics=[topic("a", 1, 2), topic("b", code=3), topic("c d", code=17)])
    ((name, info, leaders),) = topics_in(answer)
    assert (name, info.partitions, info.replication, leaders) == ("a", 2, 2, {0: 1, 1: 2})
    assert base64.urlsafe_b64decode(info.id + "==") == ID


def test_a_topic_without_leader_is_asked_for_again() -> None:
    """During an election, or just made."""
    with pytest.raises(kafka.LeaderNotAvailableError) as raised:
        list(topics_in(SimpleNamespace(topics=[topic("a", 1, -1)])))
    assert raised.value.retriable


def test_an_existing_topic_must_be_what_was_asked_for() -> None:
    """The error names topic, value and remedy; options that were not asked for do not matter."""
    info = TopicInfo(id="x", partitions=4, replication=1, config={"cleanup.policy": "delete", "retention.ms": "-1"})
    assert mismatch("log", info, 4, {"retention.ms": "-1"}) is None
    assert mismatch("log", info, 4, {}) is None
    wrong = mismatch("log", info, 3, {})
    assert isinstance(wrong, ConfigurationError)
    assert "topic 'log' exists with 4 partitions, not 3" in str(wrong)
    wrong = mismatch("log", info, 4, {"cleanup.policy": "compact"})
    assert "'log' exists with cleanup.policy=delete, not compact" in str(wrong)
    assert "--add-config cleanup.policy=compact" in str(wrong)
