"""Offsets that are gone, and source topics that no longer hold what the offsets speak of: refused, with the remedy.

Processing on would count everything twice, or leave records out without a word.
"""

from __future__ import annotations

import shutil

from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene


async def offsets(order: Order) -> Outcome:
    """Each kind in a scene of its own; the worker ends before it has processed anything, and says what to do."""
    outcome = order.outcome
    outcome.wanted = 0
    for turn in order.turns():
        for damage, says in KINDS.items():
            async with order.scene(2) as scene:
                outcome.wanted += 1
                await scene.feed(order.share // 2)
                await scene.run_to_the_end()
                if not turn % 2 and damage is not _expired:  # every other time with the folder at hand
                    shutil.rmtree(scene.state())
                outcome.injected += await damage(scene, order.share // 2)
                await _is_refused(scene, damage.__name__, says)
    return outcome


async def _is_refused(scene: Scene, what: str, says: str) -> None:
    before = await scene.committed()
    worker = scene.start("a", "--until-end")
    code = await worker.ended()
    lines = [line for line in worker.log.splitlines() if line.startswith("error: ")]
    if code not in {1, 4} or len(lines) != 1 or says not in lines[0] or "reset" not in lines[0]:
        scene.outcome.broken.append(f"{what}: ended with {code} and said {worker.log[-600:]!r}")
    if await scene.committed() != before:
        scene.outcome.broken.append(f"{what}: something was processed")


async def _expired(scene: Scene, share: int) -> bool:
    """The group has forgotten its offsets, and the folder has state."""
    return await scene.admin.delete_group(scene.group)


async def _expired_without_folder(scene: Scene, share: int) -> bool:
    """The group has forgotten its offsets, and only the changelog has state."""
    return await scene.admin.delete_group(scene.group)


async def _deleted_before_they_were_read(scene: Scene, share: int) -> bool:
    """Records that were never processed are gone: the log begins behind the committed offset."""
    await scene.feed(share)
    ends = await scene.admin.ends([(scene.events, number) for number in range(scene.partitions)])
    await scene.admin.delete_records({at: end - 1 for at, end in ends.items()})
    return any((await scene.admin.beginnings(ends)).values())


async def _made_anew(scene: Scene, share: int) -> bool:
    """The topic was deleted, and with it the offsets of it, and made anew with fewer records than were committed."""
    return await _replaced(scene, share // 4)


async def _made_anew_and_longer(scene: Scene, share: int) -> bool:
    """It holds more: an offset that was still there would be that of another record."""
    return await _replaced(scene, share * 3)


async def _replaced(scene: Scene, count: int) -> bool:
    (before,) = (await scene.admin.describe([scene.events])).values()
    await scene.admin.delete_topics([scene.events])
    await scene.make_events()
    await scene.feed(count)
    (after,) = (await scene.admin.describe([scene.events])).values()
    return before.id != after.id


KINDS = {
    _expired: "no committed offset",
    _expired_without_folder: "no committed offset",
    _deleted_before_they_were_read: "records were deleted",
    _made_anew: "no committed offset",
    _made_anew_and_longer: "no committed offset",
}
"""With what the worker must say of each."""
