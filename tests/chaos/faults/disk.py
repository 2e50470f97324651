"""State that cannot be written: a limit on the size of files, a full disk, and a folder that cannot be made."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from functools import cache
from tempfile import TemporaryDirectory

from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene
from tests.chaos.workers import Worker

PORTIONS = 4
SMALL = ("-t", "tmpfs", "-o", "size=16m", "none")
"""A disk in memory."""
ROOM = 20_000
"""Bytes that others leave on the small disk."""
LIMIT = 60_000
"""Bytes of the largest file: a part of what the input makes of state."""


async def disk(order: Order) -> Outcome:
    """The worker stops with one clear line, and goes on rightly when there is space again."""
    async with order.scene(2) as scene:
        for turn in order.turns():
            scene.outcome.wanted = (2 + may_mount()) * (turn + 1)
            await _limited(scene, order.share)
            await _goes_on(scene)
            if may_mount():
                await _full(scene, order.share)
                await _goes_on(scene)
            await _unusable(scene)
            await _goes_on(scene)
        await scene.check()
    return scene.outcome


async def _goes_on(scene: Scene) -> None:
    began = time.monotonic()
    await scene.run_to_the_end()
    scene.outcome.recovered(time.monotonic() - began)


@cache
def may_mount() -> bool:
    """Whether this user may mount a small disk in memory; where not, the limit on files alone is done."""
    with TemporaryDirectory() as folder:
        made = shutil.which("mount") is not None and _run("mount", *SMALL, folder) == 0
        return made and _run("umount", folder) == 0


def _run(*command: str) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode


async def _full(scene: Scene, share: int) -> None:
    """A disk of its own, on which others leave no room while the worker runs."""
    folder = scene.state("small")
    folder.mkdir(exist_ok=True)
    scene.outcome.broken += ["no disk"] * await asyncio.to_thread(_run, "mount", *SMALL, str(folder))
    try:
        worker = scene.start("small", "--commit-interval", "0.02")
        await worker.ready()
        left = shutil.disk_usage(folder).free
        (folder / "others").write_bytes(bytes(left - ROOM))
        await _stops(scene, worker, share)
        scene.outcome.injected += shutil.disk_usage(folder).free < ROOM
    finally:
        scene.outcome.broken += ["a disk in use"] * await asyncio.to_thread(_run, "umount", str(folder))


async def _limited(scene: Scene, share: int) -> None:
    before = await scene.committed()
    await _stops(scene, scene.start_limited(LIMIT, "--commit-interval", "0.02"), share)
    scene.outcome.injected += before < await scene.committed() < scene.produced


async def _stops(scene: Scene, worker: Worker, share: int) -> None:
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


async def _unusable(scene: Scene) -> None:
    """A file where the state folder should be: what a folder without permission is to everybody but root."""
    (scene.folder / "state-file").write_text("", encoding="utf-8")
    before = await scene.committed()
    worker = scene.start("file", "--until-end")
    code = await worker.ended()
    if code not in {1, 4} or "state folder" not in worker.log or "Traceback" in worker.log:
        scene.outcome.broken.append(f"without a folder it ended with {code} and said {worker.log[-600:]!r}")
    scene.outcome.injected += await scene.committed() == before
