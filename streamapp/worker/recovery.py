"""Brings stores back: what is on disk, brought up to date from the log.

The order matters (PROTOCOL): the committed offsets come first, only then the changelog's high watermark, read
uncommitted; then the changelog is read committed from where the store stands until the reader's position, which moves
over transaction markers, reaches that watermark. Knows nothing of groups or of when to restore.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from streamapp.engine.records import Row
from streamapp.engine.source_log import taken
from streamapp.engine.specs import StoreSpec
from streamapp.errors import ConfigurationError
from streamapp.kafka import Admin, BatchConsumer
from streamapp.worker.failpoints import reach
from streamapp.worker.names import Names
from streamapp.worker.running import RunningTask, TopicPartition

logger = logging.getLogger(__name__)


@dataclass
class Restore:
    """One store to be brought from `position` to `end` in its log; `done` rows have been applied."""

    task: RunningTask
    spec: StoreSpec
    at: TopicPartition
    position: int
    end: int
    done: int = 0

    @property
    def complete(self) -> bool:
        """Nothing is left to read."""
        return self.position >= self.end

    async def apply(self, rows: Sequence[Row], next_offset: int) -> None:
        """Writes rows before `end` to the store, off the event loop."""
        rows = taken(self.spec, [row for row in rows if row[0] < self.end])
        self.position = min(next_offset, self.end) if self.spec.log == "source" else next_offset
        await asyncio.to_thread(self.task.state.restore, self.spec.name, rows, self.position)
        self.done += len(rows)


async def plan_restores(
    tasks: Sequence[RunningTask], names: Names, admin: Admin, committed: Mapping[TopicPartition, int]
) -> list[Restore]:
    """What must be read for `tasks`, given the offsets committed for their sources.

    Raises `ConfigurationError` when a log no longer holds what a store needs.
    """
    changelogs = [
        (names.changelog(spec.name), task.partition)
        for task in tasks
        for spec in task.subtopology.stores
        if spec.log == "changelog"
    ]
    ends = await admin.ends(changelogs)
    sources = [
        (task.source_of(spec), task.partition)
        for task in tasks
        for spec in task.subtopology.stores
        if spec.log == "source"
    ]
    starts = await admin.beginnings(changelogs + sources)
    return [
        restore_of(task, spec, names, starts, ends, committed)
        for task in tasks
        for spec in task.subtopology.stores
        if spec.log != "none"
    ]


def restore_of(
    task: RunningTask,
    spec: StoreSpec,
    names: Names,
    starts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    committed: Mapping[TopicPartition, int],
) -> Restore:
    """What must be read for one store; raises `ConfigurationError` when its log is not what was committed."""
    position = task.log_ends.get(spec.name, 0)
    if spec.log == "source":
        at = (task.source_of(spec), task.partition)
        return Restore(task, spec, at, max(position, starts[at]), committed.get(at, 0))
    at = (names.changelog(spec.name), task.partition)
    end = task.saved.ends.get(spec.name, ends[at])
    if starts[at] > position:
        raise ConfigurationError(
            f"changelog {at[0]!r} partition {at[1]} begins at offset {starts[at]}, but store {spec.name!r} needs it "
            f"from {position}: its records were deleted. Run 'streamapp TOPOLOGY reset' to rebuild it from its "
            "sources"
        )
    if end > ends[at]:
        raise ConfigurationError(
            f"changelog {at[0]!r} partition {at[1]} ends at offset {ends[at]}, but the last commit wrote store "
            f"{spec.name!r} up to {end}: the topic was deleted and made anew, or has lost its end. Run "
            "'streamapp TOPOLOGY reset' to rebuild it from its sources"
        )
    return Restore(task, spec, at, position, end)


async def restore(
    restores: Sequence[Restore], reader: BatchConsumer, interrupted: Callable[[], bool], timeout: float = 0.2
) -> bool:
    """Reads all logs at once until each store is complete; false when `interrupted()` says to stop.

    What was read until then stays: the stores know how far they are.
    """
    todo = {restore.at: restore for restore in restores if not restore.complete}
    if not todo:
        return True
    reader.assign(list(todo))
    try:
        for at, restore in todo.items():
            reader.seek(at, restore.position)
        return await _read(todo, restores, reader, interrupted, timeout)
    finally:
        reader.assign([])  # it would go on fetching


async def _read(
    todo: dict[TopicPartition, Restore],
    restores: Sequence[Restore],
    reader: BatchConsumer,
    interrupted: Callable[[], bool],
    timeout: float,
) -> bool:
    started, last_report = time.monotonic(), time.monotonic()
    while todo:
        if interrupted():
            return False
        for at, fetched in (await reader.take(list(todo), timeout)).items():
            await todo[at].apply(fetched.rows(), fetched.next)
            reach("restoring")
            if todo[at].complete:
                del todo[at]
        if time.monotonic() - last_report > 5:
            last_report = time.monotonic()
            _report(restores, started)
    _report(restores, started)
    return True


def _report(restores: Sequence[Restore], started: float) -> None:
    done = sum(restore.done for restore in restores)
    left = sum(restore.end - restore.position for restore in restores if not restore.complete)
    rate = done / max(time.monotonic() - started, 0.001)
    logger.info("restored %d rows at %.0f rows/s, about %d offsets left", done, rate, left)
