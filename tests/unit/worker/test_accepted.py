"""What topics accept, read from their configuration."""

from __future__ import annotations

import pytest

from streamapp.errors import OutputRefusedError
from streamapp.kafka import TopicInfo
from streamapp.worker.accepted import limits_of

CONFIG = {
    "cleanup.policy": "delete",
    "max.message.bytes": "1000",
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": "100",
    "message.timestamp.after.max.ms": "10",
}


def check(key: bytes | None, timestamp: int, **config: str) -> None:
    """Checks a record at time 1,000 against a topic with these options."""
    options = CONFIG | {name.replace("_", "."): value for name, value in config.items()}
    limits = limits_of("t", TopicInfo("id", 3, 1, options))
    limits.advance(1_000)
    limits.check(timestamp, key, b"v", ())


def test_times_are_bounded_unless_the_broker_sets_them() -> None:
    """With `LogAppendTime` a record's own time is not looked at."""
    check(b"k", 1_010)
    with pytest.raises(OutputRefusedError):
        check(b"k", 1_011)
    with pytest.raises(OutputRefusedError):
        check(b"k", 899)
    check(b"k", 5_000, message_timestamp_type="LogAppendTime")


def test_a_compacted_topic_wants_keys() -> None:
    """Also where it is deleted from as well."""
    check(None, 1_000)
    with pytest.raises(OutputRefusedError):
        check(None, 1_000, cleanup_policy="compact,delete")
