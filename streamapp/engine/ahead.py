"""How far ahead of the clock the records of streams may be: one further ahead would close windows before their time.

The clock is that of the machine, as in Kafka's `message.timestamp.after.max.ms`: by the records' own time, one wrong
record would decide about all that follow, and a topic that was silent for long could never go on. So a record that is
refused now may be taken when it is read again later. Tables take records of any time: they are read again whenever
their store is restored, and must be the same each time. Knows nothing of how records are run.
"""

from __future__ import annotations

from streamapp.dsl.node import Source
from streamapp.engine.limits import ANY_TIME
from streamapp.engine.specs import SubTopology
from streamapp.errors import RecordAheadError


class Ahead:
    """The bound of one task; until `advance` tells the time, every timestamp is accepted."""

    __slots__ = ("_latest", "_max", "_topics")

    def __init__(self, subtopology: SubTopology) -> None:
        self._max = subtopology.max_ahead_ms
        self._topics = {
            source.topic
            for source in subtopology.sources
            if not source.internal and all(isinstance(node, Source) for node in source.nodes)
        }
        self._latest = ANY_TIME

    def advance(self, now: int) -> None:
        """Moves the bound to the wall-clock time `now` (ms)."""
        if self._max is not None:
            self._latest = now + self._max

    def latest(self, topic: str) -> int:
        """The highest timestamp (ms) that a record of a source topic may have now."""
        return self._latest if topic in self._topics else ANY_TIME

    def error(self, timestamp: int) -> RecordAheadError:
        """What is wrong with a record of that `timestamp` (ms)."""
        return RecordAheadError(
            f"its timestamp {timestamp} ms is more than max_ahead_ms={self._max} ahead of the clock, which allows "
            f"{self._latest} ms now: correct the record's time, or raise max_ahead_ms of the topology"
        )
