"""Records that somebody else writes to a changelog: never taken for our own, though the folder is lost."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from functools import partial

import pytest

from streamapp.kafka import BatchProducer, BatchWriter
from tests.integration.worker.conftest import Bench, until
from tests.integration.worker.test_guarantees import expected_by, has_processed, readings, topics

FOREIGN = [
    (b"key-3", b'{"readings":1000,"checksum":7}'),
    (b"key-4", None),
    (b"key-of-nobody", b'{"readings":1,"checksum":1}'),
    (b"key-5", b"no JSON"),
]
"""A wrong value, a deletion, a key that is in no store, bytes that cannot be decoded."""

WINDOWED = [(b"short", b"{}"), (b"a-key-of-nobody", b"{}")]
"""Keys that are no window of ours."""


def intrude(bench: Bench, store: str, records: Sequence[tuple[bytes, bytes | None]], partitions: int) -> None:
    """Writes to every partition of a changelog, as anybody may who knows its name."""
    topology = "totals" if store == "total-per-key" else "sensors"
    asyncio.run(_write(bench, f"{bench.prefix}-{topology}-{store}-changelog", records, partitions))


async def _write(bench: Bench, topic: str, records: Sequence[tuple[bytes, bytes | None]], partitions: int) -> None:
    producer = BatchProducer(bootstrap_servers=bench.environment["STREAMAPP_BOOTSTRAP_SERVERS"])
    await producer.start()
    writer = BatchWriter(producer, limits={})
    for partition in range(partitions):
        for key, value in records:
            writer.put(topic, partition, 1_600_000_000_000, key, value, ())
    await writer.flush()
    await producer.stop()


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
def test_what_others_write_between_two_commits_is_not_restored(bench: Bench, guarantee: str) -> None:
    """Before and after a foreign record there are commits, the folder is lost, and all rows are right."""
    source, _ = topics(bench, 2)
    run = ("worker", "totals", "sensors", "--until-end", "--guarantee", guarantee)
    for turn in range(3):
        bench.produce(source, readings(turn * 400, 400))
        worker = bench.spawn(*run)
        assert worker.wait(60) == 0, bench.log(worker)
        assert ("as store 'total-per-key' has them" in bench.log(worker)) is (turn > 0)
        assert ("as store 'total-per-sensor' has them" in bench.log(worker)) is (turn > 0)
        intrude(bench, "total-per-key", FOREIGN, 2)
        intrude(bench, "total-per-sensor", WINDOWED, 2)
    shutil.rmtree(bench.folder / "state")
    bench.produce(source, readings(1200, 1))
    bench.run(*run)
    assert bench.table("totals", "total-per-key") == expected_by("key", readings(0, 1201))
    assert bench.table("sensors", "total-per-sensor") == expected_by("window", readings(0, 1201))


def test_what_others_write_while_a_worker_runs_is_not_restored(bench: Bench) -> None:
    """A single record behind a commit of a running worker is found, too: a marker follows that commit."""
    source, _ = topics(bench, 1)
    worker = bench.start("totals", "run")
    for turn in range(4):
        bench.produce(source, readings(turn * 20, 20))
        until(partial(has_processed, bench, (turn + 1) * 20), "a commit")
        intrude(bench, "total-per-key", FOREIGN[turn : turn + 1], 1)
    bench.produce(source, readings(80, 1))
    until(partial(has_processed, bench, 81), "the last commit")
    bench.kill(worker)
    assert bench.log(worker).count("1 keys were written") == 4
    shutil.rmtree(bench.folder / "state")
    bench.produce(source, readings(81, 1))
    bench.run("totals", "run", "--until-end")
    assert bench.table("totals", "total-per-key") == expected_by("key", readings(0, 82))
