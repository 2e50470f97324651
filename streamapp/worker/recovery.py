"""What must be read to bring stores back: what is on disk, brought up to date from the log.

The order matters (PROTOCOL): the committed offsets come first, only then the changelog's high watermark, read
uncommitted; then the changelog is read committed from where the store stands until the reader's position, which moves
over transaction markers, reaches that watermark. `worker.restoration` does it.
Knows nothing of groups or of when to restore.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streamapp.engine.source_log import taken
from streamapp.engine.specs import StoreSpec
from streamapp.errors import ConfigurationError
from streamapp.kafka.interfaces import Records, Topics
from streamapp.state.layout import row_of
from streamapp.worker.names import Names
from streamapp.worker.running import RunningTask, TopicPartition

ROWS = 50_000
"""Keys collected before they are written: a key that comes again meanwhile is written once."""

AT_ONCE = 2_000
"""Rows written in one step, some milliseconds of work: RocksDB lets nothing else of the process run meanwhile."""

BYTES = 8 * 1024 * 1024
"""Bytes of values collected before they are written."""


@dataclass
class Restore:
    """One store to be brought from `position` to `end` in its log, `at` a partition of it."""

    task: RunningTask
    spec: StoreSpec
    at: TopicPartition
    position: int
    end: int
    began_at: int = 0
    """Where it began."""
    records: int = 0
    """Records it has read."""
    _newest: dict[bytes, bytes | None] = field(default_factory=dict)
    """What was read and is not written yet."""
    _bytes: int = 0
    _written: int = 0
    """What the store knows to be its position."""

    def __post_init__(self) -> None:
        self.began_at = self._written = self.position

    @property
    def complete(self) -> bool:
        """Nothing is left to read or to write."""
        return self.position >= self.end and self._written == self.position

    @property
    def due(self) -> bool:
        """Whether what has been collected is much, or all."""
        return self.position >= self.end or len(self._newest) >= ROWS or self._bytes >= BYTES

    def absorb(self, fetched: Records) -> None:
        """Collects what lies before `end`."""
        if self.spec.log == "source":
            rows = [row for row in fetched.rows() if row[0] < self.end]
            kept = taken(self.spec, rows)
            found = {key: row_of(value, timestamp) for _, timestamp, key, value, _ in kept if key is not None}
            count = len(rows)
        else:
            found, count = fetched.newest(self.end, row_of)
        self.position = max(self.position, min(fetched.next, self.end))
        self.records += count
        self._newest |= found
        self._bytes += sum(len(row) for row in found.values() if row is not None)

    async def write(self) -> None:
        """Writes what has been collected, in steps; the position comes with the last, so that a row is never lost."""
        state, name = self.task.state, self.spec.name
        if self._written == self.position:
            return
        rows = list(self._newest.items())
        while len(rows) > AT_ONCE:
            state.restore_newest(name, dict(rows[-AT_ONCE:]), self._written)
            del rows[-AT_ONCE:]
            await asyncio.sleep(0)
        state.restore_newest(name, dict(rows), self.position)
        self._newest, self._bytes, self._written = {}, 0, self.position


async def plan_restores(
    tasks: Sequence[RunningTask], names: Names, admin: Topics, committed: Mapping[TopicPartition, int]
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
