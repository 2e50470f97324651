"""Changelogs that no longer hold what a store needs: refused in time, with the remedy, and never silently short.

One that was compacted holds it still, and the store is rebuilt from it; so does one to which others have written.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streamapp.errors import ConfigurationError
from streamapp.kafka import BatchProducer, BatchWriter
from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene
from tests.chaos.workers import until

AT_ONCE = {"segment.ms": "1000", "min.cleanable.dirty.ratio": "0.001", "max.compaction.lag.ms": "1"}
"""Makes Kafka compact what it has, at the next round of its cleaner."""
COMPACTED = 2_000
"""Events twice, of which little more than the last of each key stays."""
FOLLOWING = 100
"""Events after others have written, so that each partition has a commit behind it."""
IN_TIME = 30.0
"""Seconds until a worker that cannot go on must have said so."""


async def changelog(order: Order) -> Outcome:
    """Truncated, deleted with and without the state folder; in the long form compacted, which takes a while."""
    outcome = order.outcome
    kinds = [_truncated, _deleted, _deleted_with_folder, _truncated_under_folder, _foreign]
    kinds += [_compacted] * (order.times > 1)
    for turn in order.turns():
        outcome.wanted = len(kinds) * (turn + 1)
        for damage in kinds:
            async with order.scene(2) as scene:
                await scene.feed(order.share // 2)
                await scene.run_to_the_end()
                refused = await damage(scene)
                await scene.feed(order.share // 2)
                if refused:
                    await _is_refused(scene, damage.__name__)
                else:
                    await _goes_on(scene, whole_log=damage in (_compacted, _foreign))
    return outcome


async def _truncated(scene: Scene) -> bool:
    """The folder is lost, and the beginning of the changelog is gone."""
    shutil.rmtree(scene.state())
    await _delete_records(scene)
    return True


async def _truncated_under_folder(scene: Scene) -> bool:
    """The beginning is gone, and a folder that needs none of it is there."""
    await _delete_records(scene)
    return False


async def _deleted(scene: Scene) -> bool:
    """The changelog is gone, the folder is there and names it."""
    await _delete_topic(scene)
    return True


async def _deleted_with_folder(scene: Scene) -> bool:
    """The changelog is gone, and so is the folder: only the offsets tell that there was state."""
    await _delete_topic(scene)
    shutil.rmtree(scene.state())
    return True


async def _foreign(scene: Scene) -> bool:
    """Others have written what is not true of every key, commits came before and after it, and the folder is lost."""
    topic = scene.changelogs["total"]
    rows = await scene.read(topic)
    producer = BatchProducer(bootstrap_servers=scene.bootstrap)
    await producer.start()
    writer = BatchWriter(producer, limits={})
    for partition, found in rows.items():
        first = {key: value for _, _, key, value, _ in reversed(found)}
        for number, (key, value) in enumerate(first.items()):
            writer.put(topic, partition, 0, key, None if number % 3 == 0 else value, ())
        writer.put(topic, partition, 0, b"of nobody", b"{}", ())
    before = await scene.admin.ends([(topic, number) for number in range(scene.partitions)])
    ends = await writer.flush()
    await producer.stop()
    await scene.feed(FOLLOWING)
    worker = await scene.run_to_the_end()
    scene.outcome.injected += (
        all(ends[at] > end for at, end in before.items()) and "that are of no commit" in worker.log
    )
    shutil.rmtree(scene.state())
    return False


async def _compacted(scene: Scene) -> bool:
    """Kafka has removed older values, and the folder is lost."""
    topic = scene.changelogs["total"]
    await _alter(scene.bootstrap, topic, {"cleanup.policy": "compact", **AT_ONCE})
    for _ in range(2):  # what is written last stays in a segment that is not compacted
        await scene.feed(COMPACTED)
        await scene.run_to_the_end()
    await until(lambda: _has_gaps(scene, topic), f"the compaction of {topic}")
    scene.outcome.injected += 1
    shutil.rmtree(scene.state())
    return False


async def _has_gaps(scene: Scene, topic: str) -> bool:
    """Whether there are fewer records than half of the offsets."""
    await asyncio.sleep(1)
    ends = await scene.admin.ends([(topic, number) for number in range(scene.partitions)])
    rows = await scene.read(topic)
    return sum(map(len, rows.values())) < sum(ends.values()) // 2


async def _delete_records(scene: Scene) -> None:
    topic = scene.changelogs["total"]
    await _alter(scene.bootstrap, topic, {"cleanup.policy": "compact,delete", "retention.ms": "-1"})
    ends = await scene.admin.ends([(topic, number) for number in range(scene.partitions)])
    await scene.admin.delete_records({at: end // 2 for at, end in ends.items()})
    await _alter(scene.bootstrap, topic, {"cleanup.policy": "compact"})
    starts = await scene.admin.beginnings(ends)
    scene.outcome.injected += any(starts.values())


async def _alter(bootstrap: str, topic: str, config: Mapping[str, str]) -> None:
    """Changes the options of a changelog: records of one that is only compacted cannot be deleted."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        options = {"message.timestamp.after.max.ms": str(2**63 - 1), **config}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, options)])
    finally:
        await admin.close()


async def _delete_topic(scene: Scene) -> None:
    topic = scene.changelogs["total"]
    await scene.admin.delete_topics([topic])
    scene.outcome.injected += topic not in await scene.admin.list()


async def _is_refused(scene: Scene, what: str) -> None:
    before, began = await scene.committed(), time.monotonic()
    worker = scene.start("a", "--until-end")
    code, took = await worker.ended(), time.monotonic() - began
    last = worker.log.strip().splitlines()[-1:] or [""]
    if code != ConfigurationError.exit_code or "reset" not in worker.log:
        scene.outcome.broken.append(f"{what}: ended with {code} and said {last[0]!r}")
    if took > IN_TIME:
        scene.outcome.broken.append(f"{what}: refused only after {took:.0f} s")
    if await scene.committed() != before:
        scene.outcome.broken.append(f"{what}: something was processed although the changelog was not whole")


async def _goes_on(scene: Scene, *, whole_log: bool) -> None:
    """The right results come from the folder, where the changelog alone would not give them."""
    await scene.run_to_the_end()
    if whole_log:
        await scene.check()
        return
    whole = scene.outcome.findings
    await scene.check()
    found, scene.outcome.findings = scene.outcome.findings, whole
    tables = tuple(text for text in found.wrong if "rows of total wrong" not in text)
    if tables:
        scene.outcome.broken.append(f"with the folder at hand: {tables}")
