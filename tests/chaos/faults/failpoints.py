"""A worker that kills itself at a named place, at every one of them; another goes on in its place."""

from __future__ import annotations

import shutil
import signal
import time

from streamapp.worker.failpoints import POINTS
from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene
from tests.chaos.workers import Worker

AT_START = {"assigned", "opened", "restored"}
"""Places that are passed once, before anything is processed."""
REVOKED = {"revoked", "revoked-committed"}
ABORTED = {"before-abort", "aborted"}
EXACTLY_ONCE = {"before-end-transaction", "after-end-transaction"}
"""Places that are passed only where there are transactions."""


async def failpoints(order: Order) -> Outcome:
    """Every place, in an order of the seed's, `order.times` times; checked after each round."""
    async with order.scene() as scene:
        await scene.feed(500)
        await scene.run_to_the_end()
        for turn in order.turns():
            names = [name for name in POINTS if not scene.repeats or name not in EXACTLY_ONCE]
            scene.outcome.wanted = (turn + 1) * len(names)
            scene.random.shuffle(names)
            for name in names:
                await scene.feed(max(200, order.share // len(names)))
                await _die_at(scene, name)
            began = time.monotonic()
            await scene.run_to_the_end()
            scene.outcome.recovered(time.monotonic() - began)
            if not (await scene.check()).clean:
                break
    return scene.outcome


async def _die_at(scene: Scene, name: str) -> None:
    hit = 1 if name in AT_START | REVOKED | ABORTED | {"last-commit"} else scene.random.randint(1, 2)
    point = {"STREAMAPP_FAIL_POINT": f"{name}:{hit}", "CHAOS_SLOW": "0.0005"}
    if name == "restoring":
        shutil.rmtree(scene.state())
    if name in ABORTED:  # by the group, which the worker's heartbeats do not reach in time
        point |= {"STREAMAPP_TRANSACTION_TIMEOUT": "60", "CHAOS_BLOCKED": str(len(scene.input.good) - 1)}
    before = await scene.committed()
    worker = scene.start("a", "--commit-interval", "0.05", **point)
    await _provoke(scene, name, worker, before)
    code = await worker.ended()
    for other in scene.workers:
        other.send(signal.SIGTERM)
        await other.ended()
    if code == -signal.SIGKILL and f"fail point {name}:{hit} is reached" in worker.log:
        scene.outcome.injected += 1
    else:
        scene.outcome.broken.append(f"{name}:{hit} did not kill: code {code}, {worker.log[-300:]!r}")


async def _provoke(scene: Scene, name: str, worker: Worker, before: int) -> None:
    """Makes happen what leads to the places that are not passed by themselves."""
    if name in REVOKED:
        await scene.beyond(before)
        scene.start("b")
    elif name == "last-commit":
        await scene.beyond(before)
        worker.send(signal.SIGTERM)
