"""Topics of a test, filled and read without a process of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streamapp.kafka import Admin, BatchConsumer, BatchProducer, BatchWriter, Partitioner
from streamapp.kafka.records import Row

Line = tuple[str, bytes | None, bytes | None, int]
"""Topic, key, value, timestamp (ms)."""


async def make(broker: str, topics: Mapping[str, tuple[int, Mapping[str, str]]]) -> None:
    """Makes topics, each with its partitions and options; none loses records by their age."""
    async with await Admin.connect(broker) as admin:
        for name, (partitions, options) in topics.items():
            await admin.create(name, partitions, {"retention.ms": "-1", **options}, 1)


async def configure(broker: str, topic: str, option: str, value: str) -> None:
    """Changes one option of a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {option: value})])
    finally:
        await admin.close()


async def cluster_id(broker: str) -> str:
    """The id state folders are made for."""
    async with await Admin.connect(broker) as admin:
        return admin.cluster_id


async def committed(broker: str, group: str) -> dict[tuple[str, int], int]:
    """The offsets a group has committed."""
    async with await Admin.connect(broker) as admin:
        return {at: offset for at, (offset, _) in (await admin.committed(group)).items()}


async def write(broker: str, lines: Iterable[Line]) -> None:
    """Writes records, each to the partition of its key."""
    lines = list(lines)
    async with await Admin.connect(broker) as admin:
        described = await admin.describe({line[0] for line in lines})
    partitioners = {name: Partitioner(info.partitions) for name, info in described.items()}
    producer = BatchProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        writer = BatchWriter(producer, limits={})
        for topic, key, value, timestamp in lines:
            writer.put(topic, partitioners[topic](key), timestamp, key, value, ())
        await writer.flush()
    finally:
        await producer.stop()


async def read(broker: str, topics: Iterable[str]) -> dict[str, list[tuple[int, Row]]]:
    """All that is committed on topics: partition and record, in the order of each partition."""
    async with await Admin.connect(broker) as admin:
        described = await admin.describe(topics)
        partitions = [(name, number) for name, info in described.items() for number in range(info.partitions)]
        ends = await admin.ends(partitions)
    consumer = BatchConsumer(bootstrap_servers=broker)
    await consumer.start()
    try:
        return await _read(consumer, {at: end for at, end in ends.items() if end}, set(described))
    finally:
        await consumer.stop()


async def _read(
    consumer: BatchConsumer, ends: Mapping[tuple[str, int], int], topics: set[str]
) -> dict[str, list[tuple[int, Row]]]:
    found: dict[str, list[tuple[int, Row]]] = {name: [] for name in topics}
    consumer.assign(ends)
    for at in ends:
        consumer.seek(at, 0)
    left = dict(ends)
    while left:
        for at, fetched in (await consumer.take(list(left), 1.0)).items():
            found[at[0]] += [(at[1], row) for row in fetched.rows()]
            if fetched.next >= left[at]:
                del left[at]
    return found
