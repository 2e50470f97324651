"""A worker that stands still for longer than its session, while another takes its tasks over, and wakes up again."""

from __future__ import annotations

import asyncio
import signal
import time

from streamapp.errors import FencedError
from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import TIMES, Scene

SESSION = float(TIMES["STREAMAPP_SESSION_TIMEOUT"])
SAYS = "stood still"
"""What a zombie says of itself."""


async def zombie(order: Order) -> Outcome:
    """SIGSTOP in the middle of the work, takeover by the other worker, SIGCONT."""
    async with order.scene(4) as scene:
        await scene.feed(500)
        await scene.run_to_the_end()
        for turn in order.turns():
            scene.outcome.wanted = turn + 1
            await _once(scene, order.share)
        await scene.stop_all()
        await scene.check()
    return scene.outcome


async def blocked(order: Order) -> Outcome:
    """A function of the author's that takes longer than the session, which is no zombie: the work is done again."""
    async with order.scene(4) as scene:
        for turn in order.turns():
            scene.outcome.wanted = turn + 1
            worker = scene.start("a", CHAOS_BLOCKED=str(len(scene.input.good) + order.share // 2))
            await worker.ready()
            await scene.trickle(order.share)
            began = time.monotonic()
            await scene.drained()
            scene.outcome.recovered(time.monotonic() - began)
            worker.send(signal.SIGTERM)
            if (code := await worker.ended()) != 0:
                scene.outcome.broken.append(f"the worker ended with {code}")
            scene.outcome.injected += "is undone" in worker.log
        await scene.stop_all()
        await scene.check()
    return scene.outcome


async def _once(scene: Scene, share: int) -> None:
    """One zombie; the other worker stays, and the next zombie starts in its place."""
    victim = scene.start("a", CHAOS_SLOW="0.001")
    await victim.ready()
    if len([worker for worker in scene.workers if worker.code is None]) < 2:
        await scene.start("b").ready()
    before = await scene.committed()
    feeding = asyncio.create_task(scene.trickle(share))
    await scene.beyond(before)
    victim.send(signal.SIGSTOP)
    began, stopped_at = time.monotonic(), await scene.committed()
    await feeding
    await scene.drained()  # only by takeover: the victim has tasks of its own
    took = time.monotonic() - began
    scene.outcome.recovered(took)
    scene.outcome.injected += before < stopped_at < scene.produced and took >= SESSION
    await scene.feed(share // 4)
    victim.send(signal.SIGCONT)
    code = await victim.ended()
    if code != FencedError.exit_code or SAYS not in victim.log:
        scene.outcome.broken.append(f"the zombie ended with {code} and said {victim.log[-400:]!r}")
    await scene.drained()
