"""Deletes what has been read and committed from repartition topics (KAFKA-6150).

They are made to keep records for ever, because Kafka counts retention from a record's own time, which may be long ago.
Knows nothing of when commits happen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from streamapp.errors import StreamappError
from streamapp.kafka.interfaces import Topics
from streamapp.worker.running import RunningTask, TopicPartition

logger = logging.getLogger(__name__)

INTERVAL = 30.0
"""Seconds between two purges, as in Kafka Streams (`repartition.purge.interval.ms`)."""


class Purge:
    """Purges the repartition topics among `internal`, Kafka's names, at most every `INTERVAL` seconds."""

    def __init__(self, admin: Topics, internal: frozenset[str], now: float) -> None:
        self._admin = admin
        self._internal = internal
        self._last = now
        self._done: dict[TopicPartition, int] = {}

    def due(self, now: float) -> bool:
        """Whether it is time; `now` in seconds of a clock that never goes back."""
        return bool(self._internal) and now - self._last >= INTERVAL

    async def run(self, tasks: Iterable[RunningTask], now: float) -> None:
        """Deletes up to the committed offsets; a refusal is logged, since the next purge will do as well."""
        self._last = now
        wanted = {
            at: offset
            for task in tasks
            for at, offset in task.committed.items()
            if at[0] in self._internal and offset > self._done.get(at, 0)
        }
        if not wanted:
            return
        try:
            await self._admin.delete_records(wanted)
        except StreamappError as error:
            logger.warning("repartition topics could not be purged, which costs disk only: %s", error)
            return
        self._done.update(wanted)
