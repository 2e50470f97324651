"""Functions that raise, and asynchronous sinks that take 50 ms: tried again, then put aside, and nothing else of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.chaos.checking import check_once
from tests.chaos.order import Order
from tests.chaos.reading import passed
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene
from tests.chaos.troubled import is_refused
from tests.chaos.workers import Worker

GROWTH = 64 * 1024 * 1024
"""Bytes by which a worker may grow while calls wait."""
WARM = 10
"""The part of the input (one in so many) after which memory is compared."""
PAGE = 4096


async def troubled(order: Order) -> Outcome:
    """Every event waits for the service; some are refused once, some each time."""
    async with order.scene(topology="troubled") as scene:
        await scene.feed(order.events // WARM)
        worker = scene.start()
        await worker.ready()
        await scene.drained()
        before = _memory(worker)
        await scene.feed(order.events - order.events // WARM)
        largest = await _largest(scene, worker)
        if largest - before > GROWTH:
            scene.outcome.broken.append(f"memory grew by {(largest - before) >> 20} MB")
        joined = worker.log.count("troubled: restoring")
        if joined != 1:
            scene.outcome.broken.append(f"tasks were assigned {joined} times, though no member came or went")
        await scene.stop_all()
        await _check(scene)
    return scene.outcome


async def _largest(scene: Scene, worker: Worker) -> int:
    """The most memory the worker has while it works on."""
    draining, largest = asyncio.create_task(scene.drained()), 0
    while not draining.done():
        largest = max(largest, _memory(worker))
        await asyncio.sleep(0.1)
    await draining
    return largest


def _memory(worker: Worker) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{worker.process.pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE


async def _check(scene: Scene) -> None:
    outcome, wanted = scene.outcome, scene.input.sequences
    refused = [(key.encode(), event.sequence) for key, event in scene.input.keyed() if is_refused(event.sequence)]
    letters = [row for part in (await scene.read(scene.dead_letters)).values() for row in part]
    outcome.expected, outcome.injected, outcome.wanted = len(wanted), len(letters), len(refused)
    outcome.findings = check_once(
        "outputs",
        [number for number in wanted if not is_refused(number)],
        passed(await scene.read(scene.passed)),
        repeats=scene.repeats,
    )
    named = {dict(row[4])["__streams.errors.exception"] for row in letters}
    if named != {b"builtins.ConnectionError"} or len(letters) != len(refused):
        outcome.broken.append(f"{len(letters)} dead letters for {len(refused)} refused events, with {named}")
