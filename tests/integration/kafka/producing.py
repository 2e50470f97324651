"""What the tests of producers share: topics of their own, producers for the time of a test, and what is in the log."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streamapp.kafka.producer import BatchProducer
from streamapp.kafka.writer import BatchWriter

PATIENCE = 60.0
"""Seconds a condition may take on a busy machine."""

FUTURE = int(time.time() * 1000) + 7 * 24 * 3_600_000
"""A time stamp Kafka refuses: a topic takes none more than an hour ahead of the broker's clock (ms)."""

END = b"end of the log"


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Polls until the condition holds, or fails the test."""
    deadline = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        await asyncio.sleep(0.05)


async def make_topic(broker: str, partitions: int = 1, **config: str) -> str:
    """A topic of the test's own."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await until(lambda: _led(admin), "the cluster has a controller")
        await admin.create_topics(
            [
                NewTopic(
                    name,
                    partitions,
                    1,
                    topic_configs={"retention.ms": "-1"} | {k.replace("_", "."): v for k, v in config.items()},
                )
            ]
        )
        await until(lambda: _known(admin, name), "topic made")
    finally:
        await admin.close()
    return name


async def _led(admin: AIOKafkaAdminClient) -> bool:
    """A broker that stood still for its session is out of its own cluster for a moment, and names no broker."""
    await admin._client.force_metadata_update()
    return admin._client.cluster.controller is not None


async def _known(admin: AIOKafkaAdminClient, name: str) -> bool:
    return name in await admin.list_topics()


async def values(broker: str, topic: str, partition: int = 0, isolation: str = "read_committed") -> list[bytes]:
    """The values of a partition in their order, up to a last record written here: an open transaction is waited for."""
    at = TopicPartition(topic, partition)
    async with AIOKafkaProducer(bootstrap_servers=broker, acks="all") as producer:
        end = END + uuid.uuid4().bytes
        await producer.send_and_wait(topic, end, partition=partition)
    found: list[bytes] = []
    async with AIOKafkaConsumer(bootstrap_servers=broker, isolation_level=isolation) as consumer:
        consumer.assign([at])
        await consumer.seek_to_beginning(at)
        deadline = time.monotonic() + PATIENCE
        while not found or found[-1] != end:
            assert time.monotonic() < deadline, f"the log does not end, so far: {found[:5]}"
            batch = (await consumer.getmany(at, timeout_ms=200)).get(at, [])
            found += [record.value for record in batch]
    return [value for value in found if not value.startswith(END)]


@asynccontextmanager
async def started(broker: str, transactional_id: str | None = None, **options: float) -> AsyncIterator[BatchProducer]:
    """A producer for the time of a test."""
    timeout_ms = int(options.pop("transaction_timeout_ms", 60_000))
    producer = BatchProducer(
        bootstrap_servers=broker, transactional_id=transactional_id, transaction_timeout_ms=timeout_ms, **options
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def put(writer: BatchWriter, topic: str, *texts: bytes, partition: int = 0, timestamp: int | None = None) -> None:
    """Puts values without keys."""
    for text in texts:
        writer.put(topic, partition, int(time.time() * 1000) if timestamp is None else timestamp, None, text, ())


def some_id() -> str:
    """A transactional id of the test's own."""
    return f"tx-{uuid.uuid4().hex[:8]}"
