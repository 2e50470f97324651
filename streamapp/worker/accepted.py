"""What the topics a topology writes to accept, read from their configuration.

Knows nothing of records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamapp.engine.limits import ANY_TIME, Limits
from streamapp.engine.specs import Plan
from streamapp.kafka import TopicInfo
from streamapp.worker.names import Names


class Accepted:
    """The limits of every sink, by sub-topology; `advance` keeps them up with the clock."""

    def __init__(self, plan: Plan, names: Names, topics: Mapping[str, TopicInfo]) -> None:
        self._limits: Sequence[Sequence[Limits]] = [
            [
                limits_of(physical := names.internal(sink.topic) if sink.internal else sink.topic, topics[physical])
                for sink in sub.sinks
            ]
            for sub in plan.subtopologies
        ]

    def of(self, subtopology: int) -> Sequence[Limits]:
        """Those of a sub-topology, in the order of its sinks; they move with the clock."""
        return self._limits[subtopology]

    def advance(self, subtopology: int, now: int) -> None:
        """Moves the bounds in time of a sub-topology's sinks to `now` (ms)."""
        for limits in self._limits[subtopology]:
            limits.advance(now)


def limits_of(name: str, topic: TopicInfo) -> Limits:
    """What a topic accepts; its stamps are not looked at when the broker replaces them."""
    config = topic.config
    appended = config.get("message.timestamp.type") == "LogAppendTime"
    return Limits(
        name,
        topic.partitions,
        int(config["max.message.bytes"]),
        before=ANY_TIME if appended else int(config.get("message.timestamp.before.max.ms", ANY_TIME)),
        after=ANY_TIME if appended else int(config.get("message.timestamp.after.max.ms", ANY_TIME)),
        keyed="compact" in config.get("cleanup.policy", ""),
    )
