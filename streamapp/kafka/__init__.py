"""Kafka for the rest of streamapp: topics, batches in and out, groups and transactions. Moves bytes only.

The names below load their modules, and with them the client library, on first use: importing this package for
the embedded broker, or for a command's help, loads neither. Knows nothing of topologies.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamapp.kafka.admin import Admin as Admin
    from streamapp.kafka.assignor import GroupAssignor as GroupAssignor
    from streamapp.kafka.assignor import GroupMember as GroupMember
    from streamapp.kafka.consumer import BatchConsumer as BatchConsumer
    from streamapp.kafka.errors import CorruptRecordError as CorruptRecordError
    from streamapp.kafka.errors import OffsetOutOfRangeError as OffsetOutOfRangeError
    from streamapp.kafka.errors import RecordRefusedError as RecordRefusedError
    from streamapp.kafka.errors import RecordTooLargeError as RecordTooLargeError
    from streamapp.kafka.errors import RetriableKafkaError as RetriableKafkaError
    from streamapp.kafka.errors import StaleMemberError as StaleMemberError
    from streamapp.kafka.errors import UnknownOutcomeError as UnknownOutcomeError
    from streamapp.kafka.groups import GroupMetadata as GroupMetadata
    from streamapp.kafka.partitioner import Partitioner as Partitioner
    from streamapp.kafka.producer import BatchProducer as BatchProducer
    from streamapp.kafka.records import Fetched as Fetched
    from streamapp.kafka.topics import TopicInfo as TopicInfo
    from streamapp.kafka.writer import BatchWriter as BatchWriter

_HOMES = {
    "Admin": "admin",
    "BatchConsumer": "consumer",
    "BatchProducer": "producer",
    "BatchWriter": "writer",
    "CorruptRecordError": "errors",
    "Fetched": "records",
    "GroupAssignor": "assignor",
    "GroupMember": "assignor",
    "GroupMetadata": "groups",
    "OffsetOutOfRangeError": "errors",
    "Partitioner": "partitioner",
    "RecordRefusedError": "errors",
    "RecordTooLargeError": "errors",
    "RetriableKafkaError": "errors",
    "StaleMemberError": "errors",
    "TopicInfo": "topics",
    "UnknownOutcomeError": "errors",
}
"""The module each public name lives in."""


def __getattr__(name: str) -> Any:
    """Imports a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
