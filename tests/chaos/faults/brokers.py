"""Brokers that are killed in turn, all away, and away when a worker starts; needs a cluster of three."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from streamapp.kafka.broker.process import Process
from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene
from tests.chaos.workers import until

AWAY, AWAY_SHORT = 60.0, 3.0
"""Seconds that all brokers are away, in the long form and in the short one."""
AGAIN = 10.0
"""Seconds after which work must go on when there is a leader again; the cluster needs a few of them to elect it."""
ELECTION = 30.0
"""Seconds a cluster of small nodes on a busy machine may take to notice a dead one and elect new leaders."""


async def brokers(order: Order) -> Outcome:
    """Each broker killed and restarted; then all away for a while, a worker started meanwhile."""
    async with order.scene(4, replicas=3) as scene:
        await scene.feed(200)
        await scene.start("a").ready()
        await scene.drained()
        for turn in order.turns():
            scene.outcome.wanted = 3 * (turn + 1) + 1
            for node in (1, 2, 3):
                await _one_away(scene, order, node)
        await _all_away(scene, order)
        await scene.drained()
        for worker in scene.workers:
            if worker.code is not None:
                scene.outcome.broken.append(f"a worker ended with {worker.code}: {worker.log[-400:]!r}")
        await scene.stop_all()
        await scene.check()
    return scene.outcome


async def kill_node(order: Order, node: int) -> bool:
    """SIGKILL of a node; whether it ran, and is dead now."""
    status = order.broker.status()
    (process,) = [one.process for one in status.nodes if one.id == node] if status else [None]
    if process is None or not process.alive:
        return False
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: _dead(process), f"the death of node {node}")
    return True


async def _dead(process: Process) -> bool:
    return not process.alive


async def _one_away(scene: Scene, order: Order, node: int) -> None:
    before = await scene.committed()
    await scene.feed(order.share // 6)
    await scene.beyond(before)
    scene.outcome.injected += await kill_node(order, node)
    began = time.monotonic()
    await scene.feed(order.share // 6)
    await scene.drained()
    scene.outcome.recovered(time.monotonic() - began)
    if time.monotonic() - began > ELECTION + AGAIN:
        scene.outcome.broken.append(f"work went on only {time.monotonic() - began:.0f} s after node {node} was killed")
    await asyncio.to_thread(order.broker.start)


async def _all_away(scene: Scene, order: Order) -> None:
    before = await scene.committed()
    await scene.feed(order.share // 6)
    await scene.beyond(before)
    scene.outcome.injected += all([await kill_node(order, node) for node in (1, 2, 3)])
    scene.start("b")
    await asyncio.sleep(AWAY if order.times > 1 else AWAY_SHORT)
    await asyncio.to_thread(order.broker.start)
    await scene.feed(order.share // 6)
