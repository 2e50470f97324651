"""The tasks of this process: opened where they were assigned, brought up to date, and closed when they moved.

The rebalance callbacks only note what was assigned; tasks are opened in the Application's own loop and restored in the
background, so that a long restore holds up neither the group nor the tasks that are ready (a revoked task stays open
until it is known to have moved).
Knows nothing of producers or commits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from streamapp.dsl.node import Reset
from streamapp.engine.specs import Plan, SubTopology
from streamapp.engine.store import Store
from streamapp.errors import ConfigurationError
from streamapp.kafka.interfaces import Consumer, Records
from streamapp.settings import Settings
from streamapp.state.disk import Disk, LocalDisk
from streamapp.worker.accepted import Accepted
from streamapp.worker.assignment import Claim, TaskId, tasks_of
from streamapp.worker.cluster import Cluster
from streamapp.worker.failpoints import reach
from streamapp.worker.metadata import decode_metadata, merge_metadata
from streamapp.worker.names import Names
from streamapp.worker.opening import Committed, Opener, distrust
from streamapp.worker.recovery import plan_restores
from streamapp.worker.restoration import Restoration
from streamapp.worker.running import Counters, RunningTask, TopicPartition
from streamapp.worker.standbys import Standbys

logger = logging.getLogger(__name__)

_STAMPED_AT_ONCE = 500
"""Records that are given their times before others may run."""


class Tasks:
    """Open tasks, and what the group has assigned."""

    def __init__(
        self,
        plan: Plan,
        names: Names,
        settings: Settings,
        cluster: Cluster,
        *,
        accepted: Accepted,
        global_stores: Mapping[str, Store],
        disk: Disk | None = None,
    ) -> None:
        self.open: dict[TaskId, RunningTask] = {}
        """The tasks that are ready: their stores are complete."""
        self.restoring: dict[TaskId, RunningTask] = {}
        """The tasks of ours whose stores are not complete yet."""
        self.restoration = Restoration(plan.topology.name)
        self.active = False
        """Whether the group lets us process: false from a revocation until the next assignment is taken over."""
        self.assigned: frozenset[TopicPartition] | None = None
        """What a rebalance gave us and we have not taken over yet."""
        self.topics: dict[str, tuple[SubTopology, str]] = {
            names.internal(source.topic) if source.internal else source.topic: (sub, source.topic)
            for sub in plan.subtopologies
            for source in sub.sources
        }
        """Kafka's name of each source topic: the sub-topology that reads it and the engine's name."""
        self._resets = {
            kafka: source.reset
            for kafka, (sub, topic) in self.topics.items()
            for source in sub.sources
            if source.topic == topic
        }
        self.every = tasks_of({topic: sub.number for topic, (sub, _) in self.topics.items()}, cluster.partitions)
        """Every task of the topology, wherever it runs."""
        self._closed = Counters()
        self._plan = plan
        self._names = names
        self._place = names.place(settings.state_dir)
        self._lock_wait = settings.session_timeout
        self._admin = cluster.admin
        changelogs = {names.changelog(spec.name) for spec in plan.stores if spec.log == "changelog"}
        self._opener = Opener(
            plan,
            names.group,
            self.topics,
            folder=names.folder(settings.state_dir),
            disk=disk or LocalDisk(),
            identity=cluster.identity({*self.topics, *changelogs}),
            accepted=accepted,
            global_stores=global_stores,
        )
        self.standbys = Standbys(plan.topology.name, self._opener, names, cluster.admin, cluster.partitions)
        """The tasks of others that are followed here."""

    def claim(self) -> Claim:
        """What we tell the group's leader: what runs here, and whose state lies in our folder."""
        return Claim(
            running=tuple(sorted(self._here)),
            stored=tuple(self._opener.stored()),
            standby=tuple(self.standbys.near),
            place=self._place,
        )

    @property
    def _here(self) -> dict[TaskId, RunningTask]:
        """Every task that is open in this process, ready or not."""
        return self.open | self.restoring

    # -- taking over an assignment ---------------------------------------------------------------------------------

    async def take_over(self, consumer: Consumer, reader: Consumer, stopping: Callable[[], bool]) -> bool:
        """Opens what was assigned and begins to restore it; false when the next rebalance or a stop came first.

        `admit` tells which tasks are ready; `standbys` are to go on when this has given true.
        """
        assigned = self.assigned
        if assigned is None:
            return True
        wanted = {self._task_of(at) for at in assigned}
        await self.standbys.halt()
        self.standbys.release(wanted)  # first: another process may be waiting for the folder
        committed = await consumer.committed_stable(assigned)
        await self.restoration.halt()
        self.restoration.check()  # a store that could not be written would never be complete
        for task_id in set(self._here) - wanted:
            self._close(task_id)
        self._close_overtaken(committed)
        starts = await self._starts(committed)
        fresh: list[RunningTask] = []
        try:
            for task_id in sorted(wanted - set(self._here)):
                fresh.append(await self._open(task_id, committed))  # noqa: PERF401 - an error leaves those before it
            reach("opened")
            for task in fresh:
                self._begin(task, committed, starts)
            offsets = {at: offset for at, (offset, _) in committed.items() if offset >= 0}
            restores = await plan_restores(fresh, self._names, self._admin, offsets)
        except BaseException:
            self._close_all_of(fresh)
            raise
        if stopping() or self.assigned != assigned:
            self._close_all_of(fresh)
            return False
        self.restoration.go_on(reader, restores)
        for task in self._here.values():  # also of those that are paused: the fetcher waits for every position
            for at, offset in task.fetched.items():
                consumer.seek(at, offset)  # a task that stayed keeps what is queued
        consumer.resume(at for task in self.open.values() for at in task.fetched)
        self.assigned = None
        self.active = True
        return True

    def admit(self, consumer: Consumer) -> list[RunningTask]:
        """Takes in the tasks whose stores have become complete; raises what keeps others from becoming so."""
        self.restoration.check()
        ready = [task for task in self.restoring.values() if not self.restoration.reads_for(task.id)]
        for task in ready:
            self._refuse_orphan(task)
            reach("restored")
            self.open[task.id] = self.restoring.pop(task.id)
        consumer.resume(at for task in ready for at in task.fetched)
        return ready

    def _task_of(self, at: TopicPartition) -> TaskId:
        return self.topics[at[0]][0].number, at[1]

    def _close_overtaken(self, committed: Committed) -> None:
        """Closes tasks that another member has moved on since we last committed: ours is no longer the last word."""
        for task_id, task in self._here.items():
            theirs = {at: found for at, found in committed.items() if at in task.positions}
            moved = any(offset >= 0 and offset != task.committed.get(at) for at, (offset, _) in theirs.items())
            ends, known = merge_metadata(decode_metadata(text) for _, text in theirs.values()).ends, task.saved.ends
            rebuilt = any(ends[name] > known.get(name, 0) for name in ends if task.logs_to_changelog(name))
            if moved or rebuilt:
                logger.info("task %s was processed elsewhere meanwhile: resuming from the log", task.name)
                self._close(task_id)

    async def _starts(self, committed: Committed) -> dict[TopicPartition, int]:
        """Where partitions without a committed offset begin: at their first record, or as their source says."""
        new: dict[Reset, list[TopicPartition]] = {"earliest": [], "latest": [], "none": []}
        for at, (offset, _) in committed.items():
            if offset < 0:
                new[self._resets[at[0]]].append(at)
        if new["none"]:
            topic, partition = min(new["none"])
            raise ConfigurationError(
                f"group {self._names.group!r} has no committed offset of topic {topic!r} partition {partition}, which "
                f"topology {self._plan.topology.name!r} reads with reset='none': set the group's offsets with Kafka's "
                "tools, or say reset='earliest' or 'latest'"
            )
        return await self._admin.beginnings(new["earliest"]) | await self._admin.ends(new["latest"])

    def _begin(self, task: RunningTask, committed: Committed, starts: Mapping[TopicPartition, int]) -> None:
        present = {at: committed[at] for at in task.partitions if at in committed}
        known = {at: offset for at, (offset, _) in present.items() if offset >= 0}
        begin = {at: known.get(at, starts.get(at, 0)) for at in present}
        task.begin_at(begin, known, [decode_metadata(metadata) for _, metadata in present.values()])

    def _refuse_orphan(self, task: RunningTask) -> None:
        """State without a committed offset would be counted a second time from the start."""
        logged = any(spec.log != "source" for spec in task.subtopology.stores)
        if not task.committed and not task.saved.ends and logged and not task.state.empty:
            raise ConfigurationError(
                f"task {task.name} of {self._plan.topology.name!r} has state but its group {self._names.group!r} "
                "has no committed offset (they expired, or were deleted): processing would count everything twice. "
                f"Run 'streamapp {self._plan.topology.name} reset' to start again from the beginning"
            )

    # -- opening and closing ------------------------------------------------------------------------------------------

    def put_aside(self, folder: Path) -> Path:
        """Renames a folder that cannot be believed, whose task is closed, and gives its new path."""
        return self._opener.put_aside(folder)

    async def _open(self, task_id: TaskId, committed: Committed) -> RunningTask:
        """Opens a task, or takes it as it was followed here, if what its folder says can be true."""
        partitions = [at for at in committed if self._task_of(at) == task_id]
        task = self.standbys.promote(task_id, partitions)
        if task is not None and (reason := distrust(task.state, task.partition, committed)) is not None:
            task.close()
            folder = self._opener.folder_of(task_id)
            aside = self._opener.put_aside(folder)
            logger.warning("state folder %s %s; put aside as %s and rebuilt from the log", folder, reason, aside)
            task = None
        if task is None:
            task = await self._opener.open(task_id, committed, self._lock_wait)
        else:
            logger.info("task %s was followed here: only what its stores lack is read", task.name)
        self.restoring[task_id] = task
        return task

    def _close(self, task_id: TaskId) -> None:
        """Closes a task; nothing may be restoring it."""
        task = self._here[task_id]
        self.open.pop(task_id, None)
        self.restoring.pop(task_id, None)
        self.restoration.forget([task_id])
        self._closed += task.done
        task.close()

    def _close_all_of(self, tasks: Collection[RunningTask]) -> None:
        for task in tasks:
            if self._here.get(task.id) is task:
                self._close(task.id)

    async def close_all(self) -> None:
        """Closes every store; what was not committed is dropped."""
        self.active = False
        await self.restoration.halt()
        for task_id in self._here:
            self._close(task_id)
        await self.standbys.close_all()

    async def begin_anew(self) -> None:
        """Closes every task, and has what is assigned taken over again unless a rebalance is about to give it anew."""
        if self.active and self.assigned is None:
            self.assigned = frozenset(at for task in self._here.values() for at in task.positions)
        await self.close_all()

    @property
    def done(self) -> Counters:
        """What all tasks have done in this process, those that are closed included."""
        return sum((task.done for task in self.open.values()), self._closed)

    # -- what is queued --------------------------------------------------------------------------------------------

    def wanted(self, limit: int) -> list[TopicPartition]:
        """The partitions to fetch from: those with fewer than `limit` records queued."""
        return [
            at
            for task in self.open.values()
            for at in task.positions
            if task.queues.buffered(task.topics[at[0]], at[1]) < limit
        ]

    def note_ends(self, end: Callable[[TopicPartition], int | None]) -> None:
        """Tells each task where its source partitions end, by what was last fetched (KIP-695)."""
        for task in self.open.values():
            for at in task.positions:
                known = end(at)
                if known is not None:
                    task.set_end(at, known)

    async def enqueue(self, batches: Mapping[TopicPartition, Records]) -> None:
        """Queues what was fetched, for the task it belongs to; lets others run between two partitions."""
        for at, fetched in batches.items():
            start, rows = fetched.start, fetched.rows()
            await asyncio.sleep(0)
            size = _STAMPED_AT_ONCE if self._has_stamps(at) else len(rows) or 1
            for first in range(0, len(rows) or 1, size):
                task = self.open.get(self._task_of(at))
                if task is None:
                    break
                is_last = first + size >= len(rows)
                end = fetched.next if is_last else rows[first + size][0]
                task.enqueue(at, start, rows[first : first + size] if size < len(rows) else rows, end)
                start = end
                if not is_last:
                    await asyncio.sleep(0)

    def _has_stamps(self, at: TopicPartition) -> bool:
        """Whether an author's function gives the records of a partition their times."""
        sub, topic = self.topics[at[0]]
        return any(source.topic == topic and source.extractor is not None for source in sub.sources)
