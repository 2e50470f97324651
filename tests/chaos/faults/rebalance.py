"""Workers that join or leave every second, by SIGTERM and by SIGKILL, while events come in."""

from __future__ import annotations

import asyncio
import signal
import time

from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene

PLACES = "bcd"
TURNS = 8
"""Seconds, at most, until one of the three has come or gone: a worker takes some to start."""


async def rebalance(order: Order) -> Outcome:
    """One worker stays; up to three others come and go."""
    async with order.scene(6) as scene:
        scene.outcome.wanted = order.times // 2
        await scene.feed(200)
        await scene.start("a").ready()
        await scene.drained()
        for turn in range(order.times * TURNS):
            if scene.outcome.injected >= order.times or not order.time_left:
                break
            began = time.monotonic()
            await scene.feed(order.share // TURNS)
            scene.outcome.injected += await _change(scene, PLACES[turn % len(PLACES)])
            await asyncio.sleep(max(0.0, began + 1 - time.monotonic()))
        began = time.monotonic()
        await scene.drained()
        scene.outcome.recovered(time.monotonic() - began)
        await scene.stop_all()
        await scene.check()
    return scene.outcome


async def _change(scene: Scene, place: str) -> bool:
    """Starts a worker at a place where none is, or ends the one there once it works; whether something changed."""
    there = [worker for worker in scene.workers if worker.code is None and worker.out.stem.endswith(place)]
    if not there:
        scene.start(place)
        return True
    if not there[0].is_ready:
        return False
    there[0].send(scene.random.choice((signal.SIGTERM, signal.SIGKILL)))
    return True
