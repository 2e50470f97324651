"""Brings stores up to date in the background, all that are behind at once, while other tasks are at work.

Each log is read from where its store stands, in large batches, in slices of a few milliseconds: neither decoding nor
RocksDB would let the event loop run while a thread did it. Tells how far it is, how fast, and how long it will take.
Knows nothing of groups, or of what follows when a store is complete.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streamapp.kafka import RetriableKafkaError
from streamapp.kafka.interfaces import Consumer, Records
from streamapp.worker.assignment import TaskId
from streamapp.worker.clock import monotonic
from streamapp.worker.failpoints import reach
from streamapp.worker.names import task_name
from streamapp.worker.recovery import Restore
from streamapp.worker.running import TopicPartition

logger = logging.getLogger(__name__)

_WAIT = 0.2
"""Seconds to wait for a fetch: how soon it can be halted."""

_AGAIN = 1.0
"""Seconds until a broker that could not answer is asked again."""

_EVERY = 5.0
"""Seconds between two lines of the log."""

_SPAN = 10.0
"""Seconds over which the speed is taken."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a store is that is being restored; offsets of one partition of its log."""

    task: str
    store: str
    topic: str
    partition: int
    position: int
    end: int
    records: int
    """Records read so far."""
    rate: float
    """Records per second, lately."""
    seconds_left: float | None
    """By the speed of late; None before there is one."""

    @property
    def left(self) -> int:
        """Offsets to be read."""
        return max(0, self.end - self.position)


class Speed:
    """How fast something that only grows has grown in the last seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int, int]] = deque()

    def note(self, now: float, records: int, offsets: int) -> None:
        """What it is at `now`, in seconds of a clock that never goes back."""
        self._marks.append((now, records, offsets))
        while now - self._marks[0][0] > _SPAN and len(self._marks) > 2:
            self._marks.popleft()

    def of(self) -> tuple[float, float]:
        """Records and offsets per second."""
        if len(self._marks) < 2 or self._marks[-1][0] <= self._marks[0][0]:
            return 0.0, 0.0
        (then, records, offsets), (now, records_now, offsets_now) = self._marks[0], self._marks[-1]
        return (records_now - records) / (now - then), (offsets_now - offsets) / (now - then)


class Restoration:
    """The restores of one topology: `go_on` with some, `check` now and then, `halt` before their tasks are closed."""

    def __init__(self, topology: str) -> None:
        self._topology = topology
        self._todo: list[Restore] = []
        self._speeds: dict[int, Speed] = {}
        self._began = 0.0
        self._halted = True
        self._failure: BaseException | None = None
        """What has ended it and nobody has been told."""
        self._loop: asyncio.Task[None] | None = None

    @property
    def progress(self) -> list[Progress]:
        """Of each store that is not complete, by task and store."""
        return sorted(map(self._progress_of, self._todo), key=lambda one: (one.task, one.store))

    def reads_for(self, task: TaskId) -> bool:
        """Whether a store of the task is not complete."""
        return any(restore.task.id == task for restore in self._todo)

    def check(self) -> None:
        """Raises what has ended it: damage to a folder, a log that lacks what is needed."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        if self._loop is not None and self._loop.done():
            self._loop.result()

    def go_on(self, reader: Consumer, restores: Iterable[Restore]) -> None:
        """Goes on with what is not complete of before, and with `restores`, through `reader`, which is its alone."""
        self._todo += [restore for restore in restores if not restore.complete]
        self._speeds = {id(restore): Speed() for restore in self._todo}
        if self._todo:
            self._halted, self._began = False, monotonic()
            self._loop = asyncio.create_task(self._run(reader))

    async def halt(self) -> None:
        """Ends at the next batch; what was read is in the stores, which know how far they are, or `check` raises."""
        self._halted = True
        loop, self._loop = self._loop, None
        if loop is not None:
            await asyncio.wait([loop])
            self._failure = None if loop.cancelled() else loop.exception()
            if not loop.cancelled() and self._failure is None:
                for restore in self._todo:
                    await restore.write()

    def forget(self, tasks: Iterable[TaskId]) -> None:
        """Leaves off the stores of `tasks`; to be called while it is halted."""
        gone = set(tasks)
        self._todo = [restore for restore in self._todo if restore.task.id not in gone]
        if not self._todo:
            self._failure = None

    # -- in the background ---------------------------------------------------------------------------------------------

    async def _run(self, reader: Consumer) -> None:
        first = [(restore, restore.records) for restore in self._todo]
        logger.info("%s: restoring %s", self._topology, _told(self.progress))
        last_line = self._began
        begin_reading(reader, self._todo)
        try:
            while self._todo and not self._halted:
                await self._read(reader)
                now = monotonic()
                for restore in self._todo:
                    self._speeds[id(restore)].note(now, restore.records, restore.position)
                if self._todo and now - last_line >= _EVERY:
                    last_line = now
                    logger.info("%s: restoring %s", self._topology, _told(self.progress))
        finally:
            reader.assign([])  # it would go on fetching
        took = monotonic() - self._began
        read = sum(restore.records - before for restore, before in first)
        logger.info(
            "%s: restored %d records in %.1f s, %.0f records/s", self._topology, read, took, read / max(took, 0.001)
        )

    async def _read(self, reader: Consumer) -> None:
        try:
            batches = await reader.take({restore.at for restore in self._todo}, _WAIT)
        except RetriableKafkaError as error:
            logger.warning("%s: stores cannot be restored now, trying again: %s", self._topology, error)
            await asyncio.sleep(_AGAIN)
            return
        for at, fetched in batches.items():
            await absorb([restore for restore in self._todo if restore.at == at], fetched)
            reach("restoring")
        self._todo = [restore for restore in self._todo if not restore.complete]
        await asyncio.sleep(0)  # a reader that is closed answers without waiting

    def _progress_of(self, restore: Restore) -> Progress:
        return progress_of(restore, self._speeds[id(restore)])


def progress_of(restore: Restore, speed: Speed) -> Progress:
    """How far a restore is, and how fast it has been lately."""
    records, offsets = speed.of()
    left = restore.end - restore.position
    return Progress(
        task_name(*restore.task.id),
        restore.spec.name,
        *restore.at,
        position=restore.position,
        end=restore.end,
        records=restore.records,
        rate=records,
        seconds_left=left / offsets if offsets > 0 else None,
    )


def begin_reading(reader: Consumer, restores: Iterable[Restore]) -> None:
    """Has `reader` read the logs of these stores, and nothing else, each from where the first of its stores stands."""
    starts: dict[TopicPartition, int] = {}
    for restore in restores:
        starts[restore.at] = min(restore.position, starts.get(restore.at, restore.position))
    reader.assign(starts)
    for at, start in starts.items():
        reader.seek(at, start)


async def absorb(restores: Sequence[Restore], fetched: Records) -> None:
    """Takes over what was fetched of the log of all of them, and lets others run between two batches."""
    for part in fetched.parts():
        for restore in restores:
            restore.absorb(part)
        await asyncio.sleep(0)
    for restore in restores:
        if restore.due:
            await restore.write()


def _told(progress: Sequence[Progress]) -> str:
    """All restores in a few words."""
    left = sum(one.left for one in progress)
    tasks = len({one.task for one in progress})
    text = f"{len(progress)} stores of {tasks} tasks: {left} offsets left"
    seconds = [one.seconds_left for one in progress if one.seconds_left is not None]
    if not seconds:
        return text
    done = sum(one.records for one in progress)
    return f"{text}, {done} records read, {sum(one.rate for one in progress):.0f} records/s, about {max(seconds):.0f} s"
