"""Kafka clients for commands: opened for the time of one command, and closed whatever happens.

Imported by commands when they run, never for their help. Knows nothing of topologies.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from streamapp.errors import NotFoundError
from streamapp.kafka import Admin, BatchConsumer, BatchProducer, BatchWriter, TopicInfo
from streamapp.settings import Settings

TopicPartition = tuple[str, int]


@asynccontextmanager
async def open_admin(settings: Settings) -> AsyncIterator[Admin]:
    """Topics and groups; raises `KafkaUnavailableError` at once when no broker answers."""
    async with await Admin.connect(settings.resolve_bootstrap(), fail_fast=True) as admin:
        yield admin


@asynccontextmanager
async def open_writer(settings: Settings, topics: Mapping[str, TopicInfo]) -> AsyncIterator[BatchWriter]:
    """Writes to `topics` with an idempotent producer; what was not flushed is lost."""
    producer = BatchProducer(bootstrap_servers=settings.resolve_bootstrap())
    await producer.start()
    try:
        limits = {name: int(info.config["max.message.bytes"]) for name, info in topics.items()}
        yield BatchWriter(producer, limits=limits)
    finally:
        await producer.stop()


@asynccontextmanager
async def open_consumer(settings: Settings, isolation: str = "read_committed") -> AsyncIterator[BatchConsumer]:
    """Reads partitions that are assigned by hand, in no group."""
    consumer = BatchConsumer(bootstrap_servers=settings.resolve_bootstrap(), isolation_level=isolation)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def existing(admin: Admin, topic: str) -> TopicInfo:
    """What the cluster says of a topic; raises `NotFoundError` with the way to make it."""
    info = (await admin.describe([topic])).get(topic)
    if info is None:
        raise NotFoundError(f"there is no topic {topic!r}: make it with 'streamapp topics create {topic}'")
    return info


def partitions_of(topic: str, info: TopicInfo) -> list[TopicPartition]:
    """Every partition of a topic."""
    return [(topic, partition) for partition in range(info.partitions)]
