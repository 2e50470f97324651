"""Puts rebuilt state in the place of the live one: one transaction of changelog rows and offsets.

Only rows that differ are written, so that workers, and all who read the changelogs, come from one state to the other
as from one commit to the next. Knows nothing of how the state was built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from streamapp.cli.cluster import TopicPartition, open_consumer
from streamapp.cli.reading import read
from streamapp.engine.records import Change
from streamapp.kafka import Admin, BatchProducer, BatchWriter, GroupMetadata
from streamapp.replay.run import Replay
from streamapp.settings import Settings
from streamapp.worker.metadata import TaskMetadata
from streamapp.worker.names import Names

_TRANSACTION_MS = 15 * 60 * 1000
"""The longest transaction that brokers allow by default (transaction.max.timeout.ms)."""

_AT_ONCE = 1_000
"""Rows put between two looks at what is full."""

Rows = dict[bytes, tuple[bytes, int]]
"""Value and timestamp (ms) of each key."""


@dataclass(frozen=True, slots=True)
class Switched:
    """How many rows there are now, and how many were written or deleted to get there."""

    rows: int
    changed: int


class Switching:
    """The state of `run`, and the changelogs whose place it is to take."""

    def __init__(self, settings: Settings, admin: Admin, names: Names, run: Replay) -> None:
        self._settings = settings
        self._admin = admin
        self._names = names
        self._run = run
        self._ends: Mapping[TopicPartition, int] = {}

    async def switch(self, committed: Mapping[TopicPartition, int], member: GroupMetadata) -> Switched:
        """Makes the rebuilt state the topology's, whose group stands at `committed` and does nothing meanwhile.

        Raises what Kafka raises, `StaleMemberError` when the group has gone on without us: then nothing has changed.
        """
        wanted = self._wanted()
        live = await self._live(wanted)
        infos = await self._admin.describe({topic for topic, _ in wanted})
        producer = BatchProducer(
            bootstrap_servers=self._settings.resolve_bootstrap(),
            transactional_id=f"{self._names.group}-rebuild",
            transaction_timeout_ms=_TRANSACTION_MS,
        )
        await producer.start()
        try:
            writer = BatchWriter(
                producer, limits={name: int(info.config["max.message.bytes"]) for name, info in infos.items()}
            )
            await producer.begin()
            changed = 0
            for at, rows in wanted.items():
                for key, value, timestamp in _difference(live[at], rows):
                    writer.put(*at, timestamp, key, value, ())
                    changed += 1
                    if changed % _AT_ONCE == 0:
                        await writer.pump()
            ends = {**self._ends, **await writer.flush()}
            await producer.send_offsets(member, self._offsets(committed, ends))
            await producer.commit()
        finally:
            await producer.stop()
        return Switched(sum(map(len, wanted.values())), changed)

    def _wanted(self) -> dict[TopicPartition, Rows]:
        """The rows that each partition of a changelog is to have."""
        wanted: dict[TopicPartition, Rows] = {}
        for (_, partition), task in self._run.tasks.items():
            task.task.expire()
            changes = task.state.changes()
            for spec in task.subtopology.stores:
                if spec.log == "changelog":
                    at = self._names.changelog(spec.name), partition
                    wanted[at] = {key: (value, time) for key, value, time in changes[spec.name] if value is not None}
        return wanted

    async def _live(self, partitions: Mapping[TopicPartition, Rows]) -> dict[TopicPartition, Rows]:
        """The rows that they have."""
        live: dict[TopicPartition, Rows] = {at: {} for at in partitions}
        starts, self._ends = await self._admin.beginnings(partitions), await self._admin.ends(partitions)
        async with open_consumer(self._settings) as consumer:
            async for at, rows in read(consumer, starts, self._ends):
                for _, timestamp, key, value, _ in rows:
                    if value is None:
                        live[at].pop(key or b"", None)
                    else:
                        live[at][key or b""] = value, timestamp
        return live

    def _offsets(
        self, committed: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, tuple[int, str]]:
        """The group's offsets as they are, with what a restarted task needs beside them."""
        offsets: dict[TopicPartition, tuple[int, str]] = {}
        for (_, partition), task in self._run.tasks.items():
            logs = {spec.name: self._names.changelog(spec.name) for spec in task.subtopology.stores}
            found = {name: ends[topic, partition] for name, topic in logs.items() if (topic, partition) in ends}
            text = TaskMetadata(task.task.times(), dict(task.task.late), found).encode()
            for source in task.subtopology.sources:
                topic = self._names.internal(source.topic) if source.internal else source.topic
                if (topic, partition) in committed:
                    offsets[topic, partition] = committed[topic, partition], text
        return offsets


def _difference(live: Rows, wanted: Rows) -> Iterator[Change]:
    """What must be written to come from the one to the other."""
    for key, (value, timestamp) in wanted.items():
        if live.get(key) != (value, timestamp):
            yield key, value, timestamp
    for key, (_, timestamp) in live.items():
        if key not in wanted:
            yield key, None, timestamp
