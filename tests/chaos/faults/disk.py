"""State that cannot be written: a limit on the size of files, and a folder that cannot be made."""

from __future__ import annotations

import time

from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene

PORTIONS = 4
LIMIT = 60_000
"""Bytes of the largest file: a part of what the input makes of state."""


async def disk(order: Order) -> Outcome:
    """The worker stops with one clear line, and goes on rightly when there is space again."""
    async with order.scene(2) as scene:
        for turn in order.turns():
            scene.outcome.wanted = 2 * (turn + 1)
            await _limited(scene, order.share)
            await _unusable(scene)
            began = time.monotonic()
            await scene.run_to_the_end()
            scene.outcome.recovered(time.monotonic() - began)
        await scene.check()
    return scene.outcome


async def _limited(scene: Scene, share: int) -> None:
    before = await scene.committed()
    worker = scene.start_limited(LIMIT, "--commit-interval", "0.02")
    await worker.ready()
    for _ in range(PORTIONS):
        if worker.code is None:
            await scene.trickle(share // PORTIONS)
    code = await worker.ended()
    lines = [line for line in worker.log.splitlines() if line.startswith("error: ")]
    if code != 1 or len(lines) != 1 or "state folder" not in lines[0]:
        scene.outcome.broken.append(f"with no space it ended with {code} and said {worker.log[-600:]!r}")
    if "Traceback" in worker.log:
        scene.outcome.broken.append("with no space it printed a traceback")
    scene.outcome.injected += before < await scene.committed() < scene.produced


async def _unusable(scene: Scene) -> None:
    """A file where the state folder should be: what a folder without permission is to everybody but root."""
    (scene.folder / "state-file").write_text("", encoding="utf-8")
    before = await scene.committed()
    worker = scene.start("file", "--until-end")
    code = await worker.ended()
    if code not in {1, 4} or "state folder" not in worker.log or "Traceback" in worker.log:
        scene.outcome.broken.append(f"without a folder it ended with {code} and said {worker.log[-600:]!r}")
    scene.outcome.injected += await scene.committed() == before
