"""Workers that die or are asked to leave in the middle of the work."""

from __future__ import annotations

import asyncio
import signal
import time

from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import SLICES, TIMES, Scene
from tests.chaos.workers import Worker

PARTITIONS = 8
SLOW = {"CHAOS_SLOW": "0.001"}
LEAVING = 10.0
"""Seconds a worker may take to stop."""
HELD_UP = float(TIMES["STREAMAPP_TRANSACTION_TIMEOUT"]) + 10.0
"""Seconds an abandoned transaction may stay open: its timeout, and the time between two looks of the broker."""
NO_RESTART = 0.1
"""Of the kills, those after which the others must take over before a worker starts again."""


async def sigkill(order: Order) -> Outcome:
    """SIGKILL of one of two workers while it has work."""
    async with order.scene(PARTITIONS) as scene:
        workers = await _start(scene, "ab")
        for turn in order.turns():
            scene.outcome.wanted = (turn + 1) // 2
            place = scene.random.choice(sorted(workers))
            await workers[place].ready()
            before = await scene.committed()
            feeding = asyncio.create_task(scene.trickle(order.share))
            await scene.beyond(before)
            await asyncio.sleep(scene.random.uniform(0, 1))
            died, began = workers[place].kill(), time.monotonic()
            scene.outcome.injected += died and before < await scene.committed() < scene.produced
            await feeding
            if scene.random.random() < NO_RESTART:
                await scene.drained()
            workers[place] = scene.start(place, **SLOW)
            await scene.drained()
            scene.outcome.recovered(time.monotonic() - began)
        await _finish(scene)
    return scene.outcome


async def sigterm(order: Order) -> Outcome:
    """SIGTERM of one of three workers after the other, each started again."""
    async with order.scene(PARTITIONS) as scene:
        workers = await _start(scene, "abc")
        for turn in order.turns():
            scene.outcome.wanted = (turn + 1) // 2
            place = "abc"[turn % 3]
            await workers[place].ready()
            before = await scene.committed()
            feeding = asyncio.create_task(scene.trickle(order.share))
            await scene.beyond(before)
            began = time.monotonic()
            await _leaves(scene, workers[place])
            scene.outcome.injected += before < await scene.committed() < scene.produced
            await feeding
            workers[place] = scene.start(place, **SLOW)
            await scene.drained()
            scene.outcome.recovered(time.monotonic() - began)
        await _finish(scene)
    return scene.outcome


async def lost(order: Order) -> Outcome:
    """A worker dies in an open transaction and never comes back: others go on, and readers are held up for a while."""
    async with order.scene(PARTITIONS) as scene:
        await scene.feed(200)
        await scene.start("b").ready()
        await scene.drained()
        for turn in order.turns():
            scene.outcome.wanted = turn + 1
            point = "flushed" if scene.repeats else "before-end-transaction"
            victim = scene.start(f"lost-{turn}", STREAMAPP_FAIL_POINT=f"{point}:2")
            feeding = asyncio.create_task(_feed_until_dead(scene, victim, order.share // SLICES))
            await victim.ended()
            began = time.monotonic()
            await feeding
            scene.outcome.injected += f"fail point {point}:2 is reached" in victim.log
            await scene.feed(order.share // SLICES)
            await scene.drained()
            await scene.read(scene.passed)  # to its end, which comes when nothing is open
            took = time.monotonic() - began
            scene.outcome.recovered(took)
            if took > HELD_UP + LEAVING:
                scene.outcome.broken.append(f"readers were held up for {took:.1f} s")
        await scene.stop_all()
        await scene.check()
    return scene.outcome


async def _feed_until_dead(scene: Scene, worker: Worker, count: int) -> None:
    while worker.code is None:
        await scene.feed(count)
        await asyncio.sleep(1 / SLICES)


async def _start(scene: Scene, places: str) -> dict[str, Worker]:
    await scene.feed(200)
    workers = {place: scene.start(place, **SLOW) for place in places}
    for worker in workers.values():
        await worker.ready()
    await scene.drained()
    return workers


async def _leaves(scene: Scene, worker: Worker) -> None:
    """SIGTERM; a worker that is asked ends in time, with 0, and has committed what it has processed."""
    began = time.monotonic()
    worker.send(signal.SIGTERM)
    code, took = await worker.ended(), time.monotonic() - began
    if code != 0:
        scene.outcome.broken.append(f"a worker ended with {code} after SIGTERM")
    if took > LEAVING:
        scene.outcome.broken.append(f"a worker took {took:.1f} s to stop")
    if "the last commit failed" in worker.log:
        scene.outcome.broken.append("a worker left without having committed what it had processed")


async def _finish(scene: Scene) -> None:
    """A last round over every key, so that what the state had become shows, and the checks."""
    await scene.feed(1_000)
    await scene.drained()
    for worker in scene.workers:
        if worker.code is None:
            await _leaves(scene, worker)
    await scene.stop_all()
    await scene.check()
