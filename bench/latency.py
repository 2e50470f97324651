"""End-to-end latency at a steady rate: from the time a record is stamped to the time its output is read, committed.

Every system copies the input's timestamp to its output. `floor` reads the input itself: the part that is not the
system's. One process paces, stamps and reads, so the clocks are one.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from itertools import islice
from pathlib import Path
from typing import Any

from bench.data import Dataset, events
from bench.measure import Bench, launch, sweep
from bench.spread import percentiles
from bench.systems import System
from bench.trouble import BenchError
from streamapp.kafka import BatchConsumer, BatchProducer, BatchWriter, Partitioner

RATE = 5_000
WARM_UP, SECONDS, AFTER = 8.0, 15.0, 3.0
_TICK = 0.002
_PARTITIONS = 4


class Pacer:
    """Sends so many records a second, stamped with now, until it is cancelled."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._rows = [(key, value) for _, _, key, value in islice(events(Dataset("events", 20_000), 0, {}), 20_000)]

    async def run(self) -> None:
        """Never ends by itself."""
        producer = BatchProducer(bootstrap_servers=self._bootstrap)
        await producer.start()
        try:
            writer = BatchWriter(producer, limits={self._topic: 1_048_588}, compression="none")
            await self._pace(writer)
        finally:
            await producer.stop()

    async def _pace(self, writer: BatchWriter) -> None:
        partitioner, sent, began = Partitioner(_PARTITIONS), 0, time.monotonic()
        while True:
            due = int((time.monotonic() - began) * RATE)
            now = int(time.time() * 1000)
            for number in range(sent, due):
                key, value = self._rows[number % len(self._rows)]
                writer.put(self._topic, partitioner(key), now, key, value, ())
            sent = max(sent, due)
            await writer.flush()
            await asyncio.sleep(_TICK)


async def latency(bench: Bench, system: System | None) -> dict[str, Any]:
    """p50, p99 and the greatest, in ms, and the share of a core; of W2, or of the input itself without a system."""
    name = f"latency-{system.name if system else 'floor'}-{uuid.uuid4().hex[:8]}"
    source, output = f"{name}-in", f"{name}-out" if system else f"{name}-in"
    for topic in {source, output}:
        await bench.admin.create(topic, _PARTITIONS, {"retention.ms": "-1"}, 1)
    state = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=bench.folder))
    running = launch(bench, system, "W2", (source,), name, state) if system else None
    pacer = asyncio.create_task(Pacer(bench.bootstrap, source).run())
    try:
        while running is not None and running.mark("first") is None:
            running.must_run()
            await asyncio.sleep(0.1)
        start = time.time() + WARM_UP
        found = await _collect(bench.bootstrap, output, start, start + SECONDS)
    finally:
        pacer.cancel()
        await asyncio.gather(pacer, return_exceptions=True)
        if running is not None:
            running.stop()
    await sweep(bench, name, state)
    if len(found) < RATE * SECONDS / 2:
        raise BenchError(f"{name}: {len(found)} outputs of about {RATE * SECONDS:.0f} in time: it cannot keep up")
    row = {"measure": "latency", **_identity(system), "rate": RATE, "records": len(found), **percentiles(found)}
    if running is not None:
        row["cores"] = round(running.meter.between(start, start + SECONDS) / SECONDS, 3)
    return row


def _identity(system: System | None) -> dict[str, Any]:
    if system is None:
        return {"system": "floor", "guarantee": None, "commit_interval": None}
    return {"system": system.name, "guarantee": system.guarantee, "commit_interval": system.commit}


async def _collect(bootstrap: str, topic: str, start: float, end: float) -> list[float]:
    """The latencies in ms of the records that were stamped from `start` to `end`."""
    partitions = [(topic, number) for number in range(_PARTITIONS)]
    reader = BatchConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await reader.start()
    found: list[float] = []
    first, last = int(start * 1000), int(end * 1000)
    try:
        reader.assign(partitions)
        for at in partitions:
            reader.seek(at, 0)
        while time.time() < end + AFTER:
            taken = await reader.take(partitions, 0.1)
            now = time.time() * 1000
            for fetched in taken.values():
                found += [now - row[1] for row in fetched.rows() if first <= row[1] < last]
    finally:
        await reader.stop()
    return found
