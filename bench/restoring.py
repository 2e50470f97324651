"""How long a restart takes: with its state, and without, when it must be restored from the changelog.

W2 is drained once; then it is started again with a few more events waiting. What a system says of its restore is what
counts (`BENCH restore-start`, `restore-end`), so that joining the group, which Kafka Streams waits long for, does not.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.data import Dataset, events, write
from bench.drain import Wanted, drained
from bench.measure import Bench, launch, sweep
from bench.process import Launched
from bench.systems import System
from bench.trouble import BenchError

KEYS = 200_000
MORE = 100
"""Events that wait at each restart."""


async def restoring(bench: Bench, system: System, n: int) -> dict[str, Any]:
    """Seconds from launch to the first record warm, and the restore's records per second cold."""
    name = f"restore-{system.name}-{uuid.uuid4().hex[:8]}"
    source = f"{name}-in"
    for topic in (source, f"{name}-out"):
        await bench.admin.create(topic, 4, {"retention.ms": "-1"}, 1)
    state = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=bench.folder))
    dataset = Dataset("events", n, keys=KEYS, skew=0.0)
    await _run(bench, system, name, dataset, state)
    changelog = f"{name}-counts-changelog" if system.name == "streamapp" else await _changelog(bench, name)
    ends = await bench.admin.ends((changelog, number) for number in range(4))
    more = replace(dataset, n=MORE)
    warm = await _run(bench, system, name, more, state)
    shutil.rmtree(state)
    cold = await _run(bench, system, name, more, state)
    began, ended = cold.mark("restore-start"), cold.last_mark("restore-end")
    await sweep(bench, name, state)
    if began is None or ended is None:
        raise BenchError(f"{system.label} has not said when it restored")
    records = sum(ends.values())
    return {
        "measure": "restore",
        "system": system.name,
        "guarantee": system.guarantee,
        "commit_interval": system.commit,
        "records": records,
        "seconds": round(ended - began, 3),
        "rate": round(records / max(ended - began, 0.001)),
        "warm_start_s": round((warm.mark("first") or time.time()) - warm.started, 2),
        "cold_start_s": round((cold.mark("first") or time.time()) - cold.started, 2),
    }


async def _changelog(bench: Bench, name: str) -> str:
    return next(topic for topic in await bench.admin.list() if topic.startswith(name) and topic.endswith("-changelog"))


async def _run(bench: Bench, system: System, name: str, dataset: Dataset, state: Path) -> Launched:
    """Starts it, drains what is new, and stops it in good order."""
    source = f"{name}-in"
    base = (int(time.time()) - 7_200) * 1_000
    rows = ((source, timestamp, key, value) for _, timestamp, key, value in events(dataset, base, {}))
    outputs = [(f"{name}-out", number) for number in range(4)]
    before = sum((await bench.admin.ends(outputs, stable=True)).values())
    await write(bench.bootstrap, (source,), 4, rows)
    running = launch(bench, system, "W2", (source,), name, state)
    try:
        await drained(bench.admin, running, Wanted(name, (source,), f"{name}-out", None), before)
    finally:
        running.stop()
    return running
