"""Requests and responses about a group's offsets that aiokafka does not have: field for field as in Kafka's guide.

Each `Request` builds the one version we speak; a broker that lacks it raises `IncompatibleBrokerVersion` or
`NotImplementedError`. Kafka 3.0 has all of them. Knows nothing of when they are sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    String,
    TaggedFields,
)

Offsets = Mapping[tuple[str, int], tuple[int, str]]
"""By topic and partition: the next offset to read and its metadata."""

_TEXT = CompactString("utf-8")
_TAGS = ("tags", TaggedFields)


def by_topic(partitions: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """Partition numbers by topic, both sorted."""
    topics: dict[str, list[int]] = {}
    for topic, partition in sorted(partitions):
        topics.setdefault(topic, []).append(partition)
    return topics


class TxnOffsetCommitResponse_v3(Response):  # noqa: N801 - aiokafka's naming of protocol versions
    """One error code for each partition."""

    API_KEY = 28
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", _TEXT),
                ("partitions", CompactArray(("partition", Int32), ("error_code", Int16), _TAGS)),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class TxnOffsetCommitRequest_v3(RequestStruct):  # noqa: N801 - as above
    """The first version that names the member and its generation (KIP-447)."""

    API_KEY = 28
    API_VERSION = 3
    RESPONSE_TYPE = TxnOffsetCommitResponse_v3
    FLEXIBLE_VERSION = True
    SCHEMA = Schema(
        ("transactional_id", _TEXT),
        ("group_id", _TEXT),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", _TEXT),
        ("group_instance_id", _TEXT),
        (
            "topics",
            CompactArray(
                ("topic", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32), ("offset", Int64), ("leader_epoch", Int32), ("metadata", _TEXT), _TAGS
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class TxnOffsetCommitRequest(Request[TxnOffsetCommitRequest_v3]):
    """Commits a group's offsets as part of a transaction, on behalf of one generation of one member."""

    API_KEY = 28

    def __init__(
        self,
        transactional_id: str,
        producer: tuple[int, int],
        group: tuple[str, int, str, str | None],
        offsets: Offsets,
    ) -> None:
        self._transactional_id = transactional_id
        self._producer = producer
        self._group = group
        self._offsets = offsets

    def build(self, request_struct_class: type[TxnOffsetCommitRequest_v3]) -> TxnOffsetCommitRequest_v3:
        """The struct that goes out."""
        group_id, generation, member_id, instance_id = self._group
        topics: list[Any] = [
            (
                topic,
                [
                    (number, self._offsets[topic, number][0], -1, self._offsets[topic, number][1], {})
                    for number in numbers
                ],
                {},
            )
            for topic, numbers in by_topic(self._offsets).items()
        ]
        return request_struct_class(
            self._transactional_id, group_id, *self._producer, generation, member_id, instance_id, topics, {}
        )


class OffsetCommitResponse_v7(Response):  # noqa: N801 - as above
    """One error code for each partition; 82: another process uses our `group.instance.id`."""

    API_KEY = 8
    API_VERSION = 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            Array(("topic", String("utf-8")), ("partitions", Array(("partition", Int32), ("error_code", Int16)))),
        ),
    )


class OffsetCommitRequest_v7(RequestStruct):  # noqa: N801 - as above
    """The first version that names the static member (KIP-345)."""

    API_KEY = 8
    API_VERSION = 7
    RESPONSE_TYPE = OffsetCommitResponse_v7
    SCHEMA = Schema(
        ("group_id", String("utf-8")),
        ("generation_id", Int32),
        ("member_id", String("utf-8")),
        ("group_instance_id", String("utf-8")),
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                (
                    "partitions",
                    Array(
                        ("partition", Int32), ("offset", Int64), ("leader_epoch", Int32), ("metadata", String("utf-8"))
                    ),
                ),
            ),
        ),
    )


class OffsetCommitRequest(Request[OffsetCommitRequest_v7]):
    """Commits a group's offsets outside of a transaction, on behalf of one generation of one member."""

    API_KEY = 8

    def __init__(self, group: tuple[str, int, str, str | None], offsets: Offsets) -> None:
        self._group = group
        self._offsets = offsets

    def build(self, request_struct_class: type[OffsetCommitRequest_v7]) -> OffsetCommitRequest_v7:
        """The struct that goes out."""
        topics = [
            (
                topic,
                [(number, self._offsets[topic, number][0], -1, self._offsets[topic, number][1]) for number in numbers],
            )
            for topic, numbers in by_topic(self._offsets).items()
        ]
        return request_struct_class(*self._group, topics)


class OffsetFetchResponse_v7(Response):  # noqa: N801 - as above
    """Offset -1 stands for none; error code 88 for one that a transaction is about to change."""

    API_KEY = 9
    API_VERSION = 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", _TEXT),
                        ("error_code", Int16),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        ("error_code", Int16),
        _TAGS,
    )


class OffsetFetchRequest_v7(RequestStruct):  # noqa: N801 - as above
    """The first version with `require_stable` (KIP-447)."""

    API_KEY = 9
    API_VERSION = 7
    RESPONSE_TYPE = OffsetFetchResponse_v7
    FLEXIBLE_VERSION = True
    SCHEMA = Schema(
        ("group_id", _TEXT),
        ("topics", CompactArray(("topic", _TEXT), ("partitions", CompactArray(Int32)), _TAGS)),
        ("require_stable", Boolean),
        _TAGS,
    )


class OffsetFetchRequest(Request[OffsetFetchRequest_v7]):
    """A group's committed offsets: of `partitions`, or all it has when None."""

    API_KEY = 9

    def __init__(self, group: str, partitions: Iterable[tuple[str, int]] | None, require_stable: bool) -> None:
        self._group = group
        self._partitions = None if partitions is None else list(partitions)
        self._require_stable = require_stable

    def build(self, request_struct_class: type[OffsetFetchRequest_v7]) -> OffsetFetchRequest_v7:
        """The struct that goes out."""
        topics: list[Any] | None = None
        if self._partitions is not None:
            topics = [(topic, numbers, {}) for topic, numbers in by_topic(self._partitions).items()]
        return request_struct_class(self._group, topics, self._require_stable, {})
