"""The order of steps that makes a commit, for both guarantees.

Exactly once: outputs and changelog sent and acknowledged, offsets in the same transaction (KIP-447), end of
transaction, and only then the stores. At least once: outputs and changelog acknowledged, stores' end positions in the
offset commit, then the stores. Nothing reaches a store before Kafka has it. Knows nothing of when to commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from streamapp.engine.records import Change
from streamapp.kafka import GroupMetadata
from streamapp.kafka.interfaces import Consumer, Producer, Writer
from streamapp.state import Position
from streamapp.worker.clock import wall_clock
from streamapp.worker.failpoints import reach
from streamapp.worker.intruders import Intruders
from streamapp.worker.metadata import TaskMetadata
from streamapp.worker.names import Names
from streamapp.worker.running import RunningTask, TopicPartition

_SMALL = 2_000
"""Rows up to which a store is written on the event loop: a thread would cost more than the write."""

Changes = dict[str, list[Change]]


class Guarantee(Protocol):
    """How offsets are committed; the rest of a commit is the same."""

    async def begin(self) -> None:
        """Called before anything is sent."""
        ...

    async def commit(self, offsets: dict[TopicPartition, tuple[int, str]], member: GroupMetadata) -> None:
        """Makes everything sent since `begin`, and these offsets, final."""
        ...

    async def abort(self) -> None:
        """Makes everything sent since `begin` invisible, where that is possible."""
        ...


class ExactlyOnce:
    """Outputs, changelog and offsets in one Kafka transaction (KIP-98, KIP-447)."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._open = False

    async def begin(self) -> None:
        """Opens the transaction on first use, so that an idle topology has none."""
        if not self._open:
            await self._producer.begin()
            self._open = True

    async def commit(self, offsets: dict[TopicPartition, tuple[int, str]], member: GroupMetadata) -> None:
        """Offsets, then the end of the transaction; refused for a member that is no longer in the group."""
        await self.begin()
        await self._producer.send_offsets(member, offsets)
        reach("offsets-sent")
        reach("before-end-transaction")
        await self._producer.commit()
        reach("after-end-transaction")
        self._open = False

    async def abort(self) -> None:
        """Ends the transaction, if one is open, without publishing it."""
        if self._open:
            self._open = False
            await self._producer.abort()


class AtLeastOnce:
    """Offsets after everything they stand for was acknowledged; a crash repeats outputs, never loses one."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def begin(self) -> None:
        """Nothing to open."""

    async def commit(self, offsets: dict[TopicPartition, tuple[int, str]], member: GroupMetadata) -> None:
        """Commits the offsets of the group; refused for a member that is no longer in the group."""
        await self._consumer.commit_offsets(offsets, member)
        reach("offsets-sent")

    async def abort(self) -> None:
        """What was sent stays: it will be sent again."""


async def commit(
    tasks: Sequence[RunningTask],
    names: Names,
    writer: Writer,
    guarantee: Guarantee,
    member: GroupMetadata,
    intruders: Intruders,
) -> None:
    """Commits what `tasks` have done since the last commit, in the order above.

    Raises what Kafka raised, before any store has changed; the caller rolls back. After it returns, stores, offsets
    and outputs agree.
    """
    reach("before-commit")
    await guarantee.begin()
    changes = {task.id: _send_changes(task, names, writer) for task in tasks}
    reach("changelog-sent")
    ends = await intruders.overwrite(tasks, names, writer, await writer.flush())
    reach("flushed")
    written = {task.id: _ends_of(task, changes[task.id], names, ends) for task in tasks}
    saved = {task.id: task.metadata(written[task.id]) for task in tasks}
    await guarantee.commit(_offsets(tasks, saved), member)
    for task in tasks:
        reach("before-store")
        await _store(task, changes[task.id], written[task.id], saved[task.id])
        reach("after-store")
    reach("committed")


def _send_changes(task: RunningTask, names: Names, writer: Writer) -> Changes:
    task.task.expire()
    changes = task.state.changes()
    for store, rows in changes.items():
        if task.logs_to_changelog(store):
            topic = names.changelog(store)
            for key, value, timestamp in rows:
                writer.put(topic, task.partition, timestamp, key, value, ())
    return changes


def _ends_of(task: RunningTask, changes: Changes, names: Names, ends: dict[TopicPartition, int]) -> dict[str, int]:
    """Where each store's log stands when this commit is done: a changelog's end, or the source's next offset.

    Of a store without a log, how many changes there have been: readers see by it that there is something new.
    """
    before = task.log_ends
    after: dict[str, int] = {}
    for spec in task.subtopology.stores:
        if spec.log == "source":
            after[spec.name] = task.positions[task.source_of(spec), task.partition]
        elif spec.log == "none":
            after[spec.name] = before.get(spec.name, 0) + len(changes[spec.name])
        else:
            after[spec.name] = ends.get((names.changelog(spec.name), task.partition), before.get(spec.name, 0))
    return after


def _offsets(
    tasks: Sequence[RunningTask], saved: dict[tuple[int, int], TaskMetadata]
) -> dict[TopicPartition, tuple[int, str]]:
    offsets: dict[TopicPartition, tuple[int, str]] = {}
    for task in tasks:
        text = saved[task.id].encode()
        everywhere = task.touched or task.has_processors  # a punctuation that was cancelled must be gone everywhere
        for at, position in task.positions.items():
            if everywhere or position != task.committed.get(at):
                offsets[at] = (position, text)
    return offsets


async def _store(task: RunningTask, changes: Changes, ends: dict[str, int], saved: TaskMetadata) -> None:
    position = Position(
        sources={topic: offset for (topic, _), offset in task.positions.items()},
        changelogs=ends,
        times=saved.times,
        late=saved.late,
        committed_at=wall_clock(),
    )
    if sum(map(len, changes.values())) <= _SMALL:
        task.state.commit(position)
    else:
        await asyncio.to_thread(task.state.commit, position)
    task.committed_now(saved)
    task.ended_by_us.update(store for store, rows in changes.items() if rows)
