"""The floor: fetch, orjson, a dict, and batches by aiokafka. No state store, no exactly-once, no topology (W1, W2)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from contract import First, arguments

OPTIONS = arguments()
FIRST = First()
COUNTS: dict[bytes, int] = {}


def important(records: Iterable[Any]) -> Iterator[tuple[bytes, bytes, int]]:
    """W1."""
    for record in records:
        value = orjson.loads(record.value)
        if value["important"]:
            yield record.key, orjson.dumps(value), record.timestamp


def counted(records: Iterable[Any]) -> Iterator[tuple[bytes, bytes, int]]:
    """W2."""
    for record in records:
        orjson.loads(record.value)
        key = record.key
        COUNTS[key] = count = COUNTS.get(key, 0) + 1
        yield key, orjson.dumps({"key": key.decode(), "count": count}), record.timestamp


PROCESS = {"W1": important, "W2": counted}[OPTIONS.workload]


async def send(producer: Any, partition: int, outputs: Iterable[tuple[bytes, bytes, int]]) -> list[Any]:
    """Sends to the partition the input came from, which is right while keys stay the same."""
    sent = []
    batch = producer.create_batch()
    for key, value, timestamp in outputs:
        if batch.append(key=key, value=value, timestamp=timestamp) is None:
            sent.append(await producer.send_batch(batch, OPTIONS.output, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=timestamp)
    if batch.record_count():
        sent.append(await producer.send_batch(batch, OPTIONS.output, partition=partition))
    return sent


async def main() -> None:
    """Runs until it is killed; commits each second."""
    consumer = AIOKafkaConsumer(
        OPTIONS.input,
        bootstrap_servers=OPTIONS.bootstrap,
        group_id=OPTIONS.app_id,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=OPTIONS.bootstrap, acks="all", max_batch_size=131_072)
    await producer.start()
    await consumer.start()
    committed, sent = time.monotonic(), []
    while True:
        for at, records in (await consumer.getmany(timeout_ms=50, max_records=2_000)).items():
            FIRST()
            sent += await send(producer, at.partition, PROCESS(records))
        if sent and time.monotonic() - committed > 1:
            await asyncio.gather(*sent)
            await consumer.commit()
            committed, sent = time.monotonic(), []


asyncio.run(main())
