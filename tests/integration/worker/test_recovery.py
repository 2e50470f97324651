"""How stores come back from their changelogs: at once, and without holding up the tasks that are ready."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streamapp.cli.status import status_of
from streamapp.errors import NotFoundError
from streamapp.kafka import Admin, BatchProducer, BatchWriter, Partitioner
from streamapp.settings import Settings
from streamapp.worker.cluster import CHANGELOG
from streamapp.worker.metadata import TaskMetadata
from tests.integration.worker.conftest import Bench, until
from tests.integration.worker.test_guarantees import topics

LONG = 1_000_000
"""Records of a changelog that takes some seconds to read, longer than a worker takes to begin with another task."""

KEYS = 20_000
"""Keys that come again and again in it."""


def filled_changelogs(bench: Bench, rows: tuple[int, ...]) -> str:
    """A changelog of the topology `totals` with so many rows in each partition, all of them committed."""
    name = f"{bench.prefix}-totals-total-per-key-changelog"
    asyncio.run(_fill(bench, name, rows))
    return name


async def _fill(bench: Bench, name: str, rows: tuple[int, ...]) -> None:
    address = bench.environment["STREAMAPP_BOOTSTRAP_SERVERS"]
    async with await Admin.connect(address, fail_fast=True) as admin:
        await admin.create(name, len(rows), CHANGELOG, 1)
    producer = BatchProducer(bootstrap_servers=address)
    await producer.start()
    writer = BatchWriter(producer, limits={})
    records = [(b"key-%d" % number, b'{"readings":1,"checksum":%d}' % number) for number in range(KEYS)]
    for partition, wanted in enumerate(rows):
        for first in range(0, wanted, KEYS):
            for key, value in records[: wanted - first]:
                writer.put(name, partition, 1_600_000_000_000, key, value, ())
            await writer.pump()
    ends = await writer.flush()
    await producer.stop()
    await _commit(bench, address, [ends[name, partition] for partition in range(len(rows))])


async def _commit(bench: Bench, address: str, ends: list[int]) -> None:
    """Commits offset 0 for each task, naming where its changelog ended then."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=f"{bench.prefix}-totals", enable_auto_commit=False)
    await consumer.start()
    source = [TopicPartition(f"readings-{bench.prefix}", number) for number in range(len(ends))]
    consumer.assign(source)
    words = [TaskMetadata(ends={"total-per-key": end}).encode() for end in ends]
    await consumer.commit({at: OffsetAndMetadata(0, word) for at, word in zip(source, words, strict=True)})
    await consumer.stop()


def reading(key: str, sequence: int) -> dict[str, Any]:
    """One record of the input."""
    return {"key": key, "value": {"sensor": "s", "sequence": sequence}, "timestamp": 1_600_000_000_000}


def status(bench: Bench) -> dict[str, Any]:
    """What the worker tells of `totals`; nothing before it answers."""
    settings = Settings(state_dir=Path(bench.environment["STREAMAPP_STATE_DIR"]), application=bench.prefix)
    try:
        return status_of(settings, "totals")
    except NotFoundError:
        return {}


def keys_of(partition: int, partitions: int) -> Iterator[str]:
    """Keys that Kafka's partitioner sends there."""
    place = Partitioner(partitions)
    return (key for key in map("new-{}".format, count()) if place(key.encode()) == partition)


def test_a_stop_in_the_middle_of_a_restore_keeps_what_was_read(bench: Bench) -> None:
    """SIGTERM ends it cleanly, and the next worker reads only the rest."""
    topics(bench, 2)
    filled_changelogs(bench, (LONG, 10))
    worker = bench.spawn("totals", "run")
    until(lambda: any(one["records"] > KEYS for one in status(bench).get("restores", ())), "a restore", pause=0.0)
    bench.stop(worker)
    bench.stop(bench.start("totals", "run"))
    log = bench.log(bench.processes[-1])
    (read,) = re.findall(r"restored (\d+) records", log)
    assert 0 < int(read) < LONG - KEYS, "it was read again, or over before the stop"


def test_a_task_runs_while_another_is_restored(bench: Bench) -> None:
    """The short changelog's task has processed its input before the long one is read; speed and rest are told."""
    source, _ = topics(bench, 2)
    filled_changelogs(bench, (LONG, 10))
    keys = list(islice(keys_of(1, 2), 20))
    bench.produce(source, [reading(key, number) for number, key in enumerate(keys)])
    worker = bench.spawn("totals", "run")
    seen: list[dict[str, Any]] = []

    def ran_beside_a_restore() -> bool:
        found = status(bench)
        assert found.get("state") != "running", f"the long restore was over first: {bench.log(worker)}"
        if not found.get("restores") or found["counters"]["records_in"] < len(keys):
            return False
        seen.append(found)
        return True

    until(ran_beside_a_restore, "records processed while a store is restored", pause=0.0)
    assert [task["id"] for task in seen[0]["tasks"]] == ["0_1"]
    (restore,) = seen[0]["restores"]
    assert (restore["task"], restore["store"]) == ("0_0", "total-per-key")
    assert restore["records"] + restore["left"] >= LONG
    bench.wait_ready(worker)
    assert f"restored {LONG + 10} records" in bench.log(worker)
    found = status(bench)
    assert (found["state"], found["restores"], len(found["tasks"])) == ("running", [], 2)
    bench.stop(worker)
    rows = bench.table("totals", "total-per-key")
    assert len(rows) == KEYS + len(keys)
    assert all(rows[key] == {"readings": 1, "checksum": number} for number, key in enumerate(keys))
    assert all(rows[f"key-{number}"] == {"readings": 1, "checksum": number} for number in range(KEYS))
