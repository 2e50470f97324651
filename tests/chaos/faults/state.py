"""State folders that are damaged, lost, older than they should be, or another task's."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from random import Random

from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene

Damage = Callable[[Path, Random], bool]
"""Does it to a task's folder; whether there was something to do it to."""


async def state(order: Order) -> Outcome:
    """Every kind of damage to one task in turn; each time the worker counts on, and the running totals show how."""
    async with order.scene() as scene:
        share = max(100, order.share // (len(DAMAGE) + len(MOVED) + 2))
        for _ in range(2):  # a database that was opened again has written its log into files
            await scene.feed(share)
            await scene.run_to_the_end()
        for turn in order.turns():
            scene.outcome.wanted = (turn + 1) * (len(DAMAGE) + len(MOVED))
            await _round(scene, share)
            if not (await scene.check()).clean:
                break
    return scene.outcome


async def _round(scene: Scene, share: int) -> None:
    names = [*DAMAGE, *MOVED]
    scene.random.shuffle(names)
    for name in names:
        if name in MOVED:
            done = await MOVED[name](scene, share)
        else:
            if name.startswith("WAL"):
                await _killed(scene, share)
            tasks = scene.tasks()
            scene.random.shuffle(tasks)
            done = any(DAMAGE[name](folder, scene.random) for folder in tasks)
        if done:
            scene.outcome.injected += 1
        else:
            scene.outcome.broken.append(f"{name}: there was nothing to damage")
        await scene.feed(share)
        began = time.monotonic()
        await scene.run_to_the_end()
        scene.outcome.recovered(time.monotonic() - began)


async def _killed(scene: Scene, share: int) -> None:
    """A worker that leaves its last commits in the write-ahead log: a clean end writes them into files."""
    worker = scene.start()
    await worker.ready()
    await scene.trickle(share)
    await scene.drained()
    worker.kill()


async def _older(scene: Scene, share: int) -> bool:
    folder = scene.random.choice(scene.tasks())
    old = scene.folder / "older"
    shutil.copytree(folder, old)
    await scene.feed(share)
    await scene.run_to_the_end()
    shutil.rmtree(folder)
    old.rename(folder)
    return True


async def _swapped(scene: Scene, share: int) -> bool:
    first, second, *_ = scene.tasks()
    aside = first.with_name("aside")
    for source, target in ((first, aside), (second, first), (aside, second)):
        source.rename(target)
    return True


async def _deleted_alive(scene: Scene, share: int) -> bool:
    """The worker is still there, finds out at its next commit, and goes on."""
    worker = scene.start()
    await worker.ready()
    shutil.rmtree(scene.random.choice(scene.tasks()), ignore_errors=True)
    await scene.trickle(share)
    await scene.drained()
    worker.send(signal.SIGTERM)
    return await worker.ended() == 0 and "rebuilt from the log" in worker.log


MOVED: Mapping[str, Callable[[Scene, int], Awaitable[bool]]] = {
    "folder of an older commit": _older,
    "folder of another task": _swapped,
    "folder deleted under a running worker": _deleted_alive,
}

# -- damage --------------------------------------------------------------------------------------------------------


def _deleted(folder: Path, random: Random) -> bool:
    shutil.rmtree(folder)
    return True


def _on_file(pattern: str, damage: Callable[[Path, Random], bool]) -> Damage:
    """Damage to one of the files of that name that are not empty."""

    def to_folder(folder: Path, random: Random) -> bool:
        files = sorted(path for path in folder.glob(pattern) if path.is_file() and path.stat().st_size)
        return bool(files) and damage(random.choice(files), random)

    return to_folder


def _flipped(path: Path, random: Random) -> bool:
    data = bytearray(path.read_bytes())
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    path.write_bytes(data)
    return True


def _truncated(path: Path, random: Random) -> bool:
    data = path.read_bytes()
    path.write_bytes(data[: random.randrange(len(data))])
    return True


def _missing(path: Path, random: Random) -> bool:
    path.unlink()
    return True


DAMAGE: Mapping[str, Damage] = {
    "folder deleted": _deleted,
    "SST flipped": _on_file("*.sst", _flipped),
    "SST truncated": _on_file("*.sst", _truncated),
    "SST missing": _on_file("*.sst", _missing),
    "MANIFEST flipped": _on_file("MANIFEST-*", _flipped),
    "CURRENT missing": _on_file("CURRENT", _missing),
    "WAL truncated": _on_file("*.log", _truncated),
    "WAL flipped": _on_file("*.log", _flipped),
}
