"""What the tests of the read side share: topics of their own, input written by the stock client, and group members.

The input comes from the client library's own producer, so that reading is not tested against our own writing.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from streamapp.kafka import Admin, BatchConsumer, GroupMember
from streamapp.kafka.assignor import GroupAssignor, Share
from streamapp.kafka.records import Row

TopicPartition = tuple[str, int]

PATIENCE = 30.0
"""Seconds something may take on a busy machine."""


def unique(prefix: str) -> str:
    """A name nobody else has used on this broker."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


async def new_topic(broker: str, partitions: int = 1, **config: str) -> str:
    """A topic of the test's own; options with `_` for `.`."""
    name = unique("read")
    async with await Admin.connect(broker) as admin:
        options = {"retention_ms": "-1"} | config
        await admin.create(name, partitions, {key.replace("_", "."): value for key, value in options.items()}, 1)
    return name


@asynccontextmanager
async def stock_producer(
    broker: str, transactional_id: str | None = None, compression: str | None = None
) -> AsyncIterator[AIOKafkaProducer]:
    """The client library's own producer."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker,
        transactional_id=transactional_id,
        transaction_timeout_ms=60_000,
        compression_type=compression,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def write(broker: str, topic: str, values: Iterable[bytes], partition: int = 0) -> None:
    """Puts records without transaction in one partition."""
    async with stock_producer(broker) as producer:
        sent = [await producer.send(topic, value, partition=partition) for value in values]
        await asyncio.gather(*sent)


@asynccontextmanager
async def reader(
    broker: str, starts: Mapping[TopicPartition, int], isolation: str = "read_committed"
) -> AsyncIterator[BatchConsumer]:
    """A consumer without group, positioned."""
    consumer = BatchConsumer(bootstrap_servers=broker, isolation_level=isolation)
    await consumer.start()
    try:
        consumer.assign(starts)
        for at, offset in starts.items():
            consumer.seek(at, offset)
        yield consumer
    finally:
        await consumer.stop()


async def read_to(consumer: BatchConsumer, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, list[Row]]:
    """All rows until each partition's `next` is at its end; checks that no offset is skipped between two takes."""
    rows: dict[TopicPartition, list[Row]] = {at: [] for at in ends}
    stands: dict[TopicPartition, int] = {}
    deadline = time.monotonic() + PATIENCE
    while any(stands.get(at, 0) < end for at, end in ends.items()):
        assert time.monotonic() < deadline, f"read up to {stands} of {dict(ends)}"
        for at, fetched in (await consumer.take(list(ends), 1.0)).items():
            assert fetched.start == stands.get(at, fetched.start)
            stands[at] = fetched.next
            rows[at] += fetched.rows()
    return rows


async def take_for_ever(consumer: BatchConsumer, at: TopicPartition) -> None:
    """Takes until that is an error."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await consumer.take([at], 0.5)


def evenly(members: list[GroupMember], counts: Mapping[str, int]) -> dict[str, Share]:
    """Gives partition n of each topic to member n, in turns."""
    ids = sorted(member.member_id for member in members)
    return {
        member: Share({topic: list(range(count))[turn :: len(ids)] for topic, count in counts.items() if turn < count})
        for turn, member in enumerate(ids)
    }


class Member:
    """A member of a group, and what the group has told it."""

    def __init__(self, broker: str, group: str, name: str | None, topics: Collection[str]) -> None:
        self.topics = topics
        self.assigned: frozenset[TopicPartition] = frozenset()
        self.generations: list[int] = []
        self.error: Exception | None = None
        """What its callback shall raise."""
        self._changed = asyncio.Event()
        self.consumer = BatchConsumer(
            bootstrap_servers=broker,
            group_id=group,
            group_instance_id=name,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=300,
            partition_assignment_strategy=[GroupAssignor("test", evenly, lambda: b"")],
        )

    async def join(self) -> None:
        """Starts and subscribes."""
        await self.consumer.start()
        self.consumer.subscribe(self.topics, on_revoked=self._on_revoked, on_assigned=self._on_assigned)

    async def _on_revoked(self, partitions: Collection[TopicPartition]) -> None:
        assert set(partitions) == self.assigned
        self.assigned = frozenset()

    async def _on_assigned(self, partitions: Collection[TopicPartition]) -> None:
        if self.error is not None:
            raise self.error
        self.assigned = frozenset(partitions)
        self.generations.append(self.consumer.group_metadata().generation)
        self._changed.set()

    async def until_assigned(self, *partitions: TopicPartition) -> None:
        """Waits until it has exactly these."""
        await self._until(lambda: self.assigned == set(partitions))

    async def until_it_has(self, count: int) -> None:
        """Waits until it has so many partitions."""
        await self._until(lambda: len(self.assigned) == count)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def vanish(self) -> None:
        """Ends as a killed process does: the group is not told."""
        coordinator = self.consumer._coordinator
        assert coordinator is not None
        coordinator.generation = -1
        await self.consumer.stop()


@asynccontextmanager
async def member(broker: str, group: str, name: str | None, topics: Collection[str]) -> AsyncIterator[Member]:
    """A member that has joined, and leaves at the end if it has not before."""
    made = Member(broker, group, name, topics)
    try:
        await made.join()
        yield made
    finally:
        await made.consumer.stop()
