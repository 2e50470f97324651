"""Standbys: tasks of other members whose stores are kept up to date here, so that little is to be read on a takeover.

A standby is a restore without an end: once a second it is brought up to where the group has committed, never further,
so that what is in its stores is what a restore at that moment would give (PROTOCOL). It processes nothing. What goes
wrong with a standby is told and tried again; it never stops the tasks that run. Knows nothing of who gives out tasks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from streamapp.errors import StreamappError
from streamapp.kafka import RetriableKafkaError
from streamapp.kafka.interfaces import Consumer, Topics
from streamapp.state import DamagedStateError, Position
from streamapp.worker.assignment import TaskId
from streamapp.worker.clock import monotonic, wall_clock
from streamapp.worker.failpoints import reach
from streamapp.worker.metadata import decode_metadata, merge_metadata
from streamapp.worker.names import Names
from streamapp.worker.opening import Committed, Opener
from streamapp.worker.recovery import Restore, plan_restores
from streamapp.worker.restoration import Progress, Speed, absorb, begin_reading, progress_of
from streamapp.worker.running import RunningTask, TopicPartition

logger = logging.getLogger(__name__)

NEAR = 10_000
"""Offsets a standby may be behind and still be the first to take its task over, as Kafka Streams has it (KIP-441)."""

_EVERY = 1.0
"""Seconds between two looks at what the group has committed."""

_WAIT = 0.2
"""Seconds to wait for a fetch: how soon it can be halted."""

_EMPTY = 25
"""Fetches in a row that may bring nothing before the group is asked again."""

_AGAIN = 10.0
"""Seconds until something is tried again that did not fail for Kafka's sake."""

_NOTED = 60.0
"""Seconds between two notes, in a folder that is up to date, that it still is."""


@dataclass
class Standby:
    """One task that is followed."""

    task: RunningTask
    partitions: frozenset[TopicPartition]
    """Its source partitions, when it was opened."""
    progress: dict[str, Progress] = field(default_factory=dict)
    """Of each store with a log, as of the last look."""
    noted: float | None = None
    """When its folder was last told that it is up to date."""

    @property
    def near(self) -> bool:
        """Whether it is so little behind that taking it over takes next to no time."""
        return bool(self.progress) and sum(one.left for one in self.progress.values()) <= NEAR


class Standbys:
    """The standbys of this process: `go_on`, and `halt` before anything is done with their tasks."""

    def __init__(
        self, topology: str, opener: Opener, names: Names, admin: Topics, partitions: Mapping[str, int]
    ) -> None:
        self.given: frozenset[TaskId] = frozenset()
        """What the group's leader gave us to follow."""
        self._topology = topology
        self._opener = opener
        self._names = names
        self._admin = admin
        self._counts = partitions
        self._open: dict[TaskId, Standby] = {}
        self._halted = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    @property
    def progress(self) -> list[Progress]:
        """Of each store that is followed, by task and store."""
        found = [one for standby in self._open.values() for one in standby.progress.values()]
        return sorted(found, key=lambda one: (one.task, one.store))

    @property
    def near(self) -> list[TaskId]:
        """The tasks that could be taken over in next to no time."""
        return sorted(task_id for task_id, standby in self._open.items() if standby.near)

    def check(self) -> None:
        """Raises what has ended it; nothing that is expected to go wrong does."""
        if self._loop is not None and self._loop.done():
            self._loop.result()

    def go_on(self, reader: Consumer) -> None:
        """Follows what was given, through `reader`, which is its alone."""
        self._halted.clear()
        self._loop = asyncio.create_task(self._run(reader))

    async def halt(self) -> None:
        """Ends at the next batch; what was read is in the stores, which know how far they are."""
        self._halted.set()
        loop, self._loop = self._loop, None
        if loop is not None:
            await asyncio.wait([loop])
            if not loop.cancelled() and loop.exception() is not None:
                logger.error("%s: standbys were not kept up to date any more: %r", self._topology, loop.exception())

    def release(self, tasks: Iterable[TaskId]) -> None:
        """Closes what is neither in `tasks` nor to be followed any longer; to be called while it is halted."""
        for task_id in set(self._open) - self.given - set(tasks):
            self._close(task_id)

    def promote(self, task_id: TaskId, partitions: Iterable[TopicPartition]) -> RunningTask | None:
        """Hands over the task, open as it is, if it was followed with the same partitions; while it is halted."""
        standby = self._open.get(task_id)
        if standby is None:
            return None
        if standby.partitions != frozenset(partitions):
            self._close(task_id)
            return None
        del self._open[task_id]
        return standby.task

    async def close_all(self) -> None:
        """Closes every standby; `given` stays."""
        await self.halt()
        for task_id in list(self._open):
            self._close(task_id)

    def _close(self, task_id: TaskId) -> None:
        self._open.pop(task_id).task.close()

    # -- in the background ---------------------------------------------------------------------------------------------

    async def _run(self, reader: Consumer) -> None:
        while not self._halted.is_set():
            pause = _EVERY
            try:
                await self._catch_up(reader)
            except RetriableKafkaError as error:
                logger.warning("%s: standbys cannot be brought up to date now: %s", self._topology, error)
            except DamagedStateError as error:
                self._rebuild(error)
            except StreamappError as error:
                pause = _AGAIN
                logger.warning("%s: standbys are not kept up to date: %s", self._topology, error)
            finally:
                reader.assign([])  # it would go on fetching
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._halted.wait(), seconds)
        except TimeoutError:
            return

    def _rebuild(self, error: DamagedStateError) -> None:
        for task_id in [one for one in self._open if self._opener.folder_of(one) == error.folder]:
            self._close(task_id)
        aside = self._opener.put_aside(error.folder)
        logger.warning("%s; put aside as %s and rebuilt from the log", error, aside)

    async def _catch_up(self, reader: Consumer) -> None:
        """Brings every standby to where the group is now, or until it is halted."""
        found = await self._admin.committed(self._names.group)
        for task_id in sorted(self.given - set(self._open)):
            await self._begin(task_id, found)
        known = [standby for standby in self._open.values() if self._look(standby, found)]
        offsets = {at: offset for at, (offset, _) in found.items()}
        restores = await plan_restores([one.task for one in known], self._names, self._admin, offsets)
        self._note(restores)
        await self._read(reader, [restore for restore in restores if not restore.complete])
        self._note(restores)
        for standby in known:
            if all(restore.complete for restore in restores if restore.task is standby.task):
                self._keep_fresh(standby, offsets)

    async def _begin(self, task_id: TaskId, found: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Opens a standby once the group has committed something of its task."""
        partitions = self._opener.partitions_of(task_id, self._counts)
        if self._halted.is_set() or not any(at in found for at in partitions):
            return
        unknown: Committed = dict.fromkeys(partitions, (-1, None))  # `found` may be older than our own last commit
        task = await self._opener.open(task_id, unknown, 0.0)
        self._open[task_id] = Standby(task, frozenset(partitions))
        logger.info("%s: task %s is followed here as a standby", self._topology, task.name)

    def _look(self, standby: Standby, found: Mapping[TopicPartition, tuple[int, str]]) -> bool:
        """Takes over what the group has committed of a task; false when there is nothing of it any more."""
        words = [found[at][1] for at in standby.partitions if at in found]
        standby.task.saved = merge_metadata(decode_metadata(word) for word in words)
        return bool(words)

    async def _read(self, reader: Consumer, restores: Sequence[Restore]) -> None:
        todo, empty = list(restores), 0
        begin_reading(reader, todo)
        while todo and empty < _EMPTY and not self._halted.is_set():
            batches = await reader.take({restore.at for restore in todo}, _WAIT)
            empty = 0 if batches else empty + 1
            for at, fetched in batches.items():
                await absorb([restore for restore in todo if restore.at == at], fetched)
                reach("restoring")
            self._note(todo)
            todo = [restore for restore in todo if not restore.complete]
            await asyncio.sleep(0)  # a reader that is closed answers without waiting
        for restore in todo:
            await restore.write()

    def _note(self, restores: Iterable[Restore]) -> None:
        """Remembers how far the stores are, for those who ask; they may lack the speed."""
        for restore in restores:
            self._open[restore.task.id].progress[restore.spec.name] = progress_of(restore, Speed())

    def _keep_fresh(self, standby: Standby, offsets: Mapping[TopicPartition, int]) -> None:
        """Notes in the folder, now and then, that it is what the group has: what is too old is not believed."""
        now, task = monotonic(), standby.task
        if standby.noted is not None and now - standby.noted < _NOTED:
            return
        sources = {at[0]: offsets[at] for at in standby.partitions if at in offsets}
        before = task.state.position.sources if task.state.position else {}
        if any(sources.get(topic, -1) < offset for topic, offset in before.items()):
            return  # not for us to say that a folder ahead of the group is right
        standby.noted = now
        task.state.commit(Position(sources, dict(task.log_ends), task.saved.times, task.saved.late, wall_clock()))
