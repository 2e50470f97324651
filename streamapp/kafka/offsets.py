"""What answers about offsets say: their errors raised, the rest by topic and partition.

Knows nothing of whom to ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiokafka import errors as kafka

from streamapp.kafka.errors import UNSTABLE_OFFSET_COMMIT, TopicPartition, commit_error

LATEST = -1
"""ListOffsets: where the next record will be written."""

EARLIEST = -2
"""ListOffsets: the oldest record that is still there."""

Committed = dict[TopicPartition, tuple[int, str | None]]
"""Offset, -1 for none, and metadata."""


class UnstableOffsetError(kafka.KafkaError):
    """A transaction that commits the offset has not ended (KIP-447): ask again."""

    retriable = True


def raise_for(code: int, what: object) -> None:
    """Raises the client library's error for a code of the protocol; 0 is none."""
    if code == UNSTABLE_OFFSET_COMMIT:
        raise UnstableOffsetError(what)
    if code:
        raise kafka.for_code(code)(what)


def committed_in(response: Any) -> Committed:
    """The offsets in an answer to OffsetFetch v7."""
    raise_for(response.error_code, "OffsetFetch")
    found: Committed = {}
    for topic, partitions, _ in response.topics:
        for partition, offset, _, metadata, code, _ in partitions:
            raise_for(code, f"{topic} {partition}")
            found[topic, partition] = (offset, metadata if offset >= 0 else None)
    return found


def check_commit(response: Any, group: str) -> None:
    """Raises what refused an OffsetCommit v7: `StaleMemberError`, `FencedError`, or an error of the library."""
    for topic, partitions in response.topics:
        for partition, code in partitions:
            refused = commit_error(code, group)
            if refused is not None:
                raise refused
            raise_for(code, f"{topic} {partition}")


def listed_in(responses: Iterable[Any]) -> dict[TopicPartition, int]:
    """The offsets in answers to ListOffsets."""
    found: dict[TopicPartition, int] = {}
    for response in responses:
        for topic, partitions in response.topics:
            for partition, code, _, offset in partitions:
                raise_for(code, f"{topic} {partition}")
                found[topic, partition] = offset
    return found
