"""What travels with a committed offset: the times and counts a restarted task needs to go on as if nothing happened.

Kafka Streams keeps only the partition time there (KIP-511); the operators' stream times and counters of late records
are ours. At most 4,096 bytes, Kafka's default for `offset.metadata.max.bytes`. Knows nothing of offsets.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from streamapp.errors import ConfigurationError

LIMIT = 4096


class TaskMetadata(msgspec.Struct, frozen=True, omit_defaults=True, rename={"times": "t", "late": "l", "ends": "e"}):
    """`times`: stream time of operators and partitions (ms); `late`: late records counted, by operator.

    `ends`: under at-least-once, where each store's changelog ended when the offset was committed.
    """

    times: dict[str, int] = {}
    late: dict[str, int] = {}
    ends: dict[str, int] = {}

    def encode(self) -> str:
        """As text for the offset commit; raises `ConfigurationError` when Kafka would refuse its size."""
        text = msgspec.json.encode(self).decode()
        if len(text) > LIMIT:
            raise ConfigurationError(
                f"the state of a task's operators takes {len(text)} bytes, more than the {LIMIT} an offset can carry: "
                "split the topology, or give its steps shorter names"
            )
        return text


def decode_metadata(text: str | None) -> TaskMetadata:
    """Reads what `encode` wrote; an offset set by another tool has none."""
    if not text:
        return TaskMetadata()
    try:
        return msgspec.json.decode(text, type=TaskMetadata)
    except msgspec.DecodeError:
        return TaskMetadata()


def merge_metadata(parts: Iterable[TaskMetadata]) -> TaskMetadata:
    """The latest of each value: a partition whose offset did not move kept the metadata of an older commit."""
    times: dict[str, int] = {}
    late: dict[str, int] = {}
    ends: dict[str, int] = {}
    for part in parts:
        for merged, values in ((times, part.times), (late, part.late), (ends, part.ends)):
            for name, value in values.items():
                merged[name] = max(value, merged.get(name, value))
    return TaskMetadata(times, late, ends)
