"""A topology as it runs in this process: its clients, its tasks and the loop that drives them.

It fails alone: an Application that cannot go on stops itself, says why, and leaves the others running.
What records mean is in `streamapp.engine`; the steps of a commit in `worker.commit`, of a restore in
`worker.recovery`; which tasks there are and where they begin in `worker.tasks`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Literal

from mode import Service

from streamapp.engine.records import Row
from streamapp.engine.specs import Plan
from streamapp.errors import StreamappError
from streamapp.kafka import GroupMetadata, RetriableKafkaError, StaleMemberError, UnknownOutcomeError
from streamapp.settings import Settings
from streamapp.worker.channel import Batch, BatchChannel, BatchDroppedError
from streamapp.worker.clients import Clients, Membership
from streamapp.worker.cluster import Cluster
from streamapp.worker.commit import commit
from streamapp.worker.names import Names
from streamapp.worker.outputs import Outputs
from streamapp.worker.pace import Pace
from streamapp.worker.purge import Purge
from streamapp.worker.reading import Page, Reader
from streamapp.worker.running import RunningTask, TopicPartition
from streamapp.worker.slot import Slot
from streamapp.worker.tasks import Tasks

logger = logging.getLogger(__name__)

State = Literal["starting", "restoring", "running", "failed", "stopped"]

RUN = 5_000
"""Records an agent gets at once: the longest a rebalance or a commit waits for a batch boundary."""

QUEUE = 20_000
"""Records queued for one partition before it is no longer fetched."""

PATIENCE = 5
"""Times in a row that work may fail for a reason that is not Kafka's before the topology stops."""


class Application(Service):
    """One topology in this process, a service of the shell; `on_change(self)` is called when `state` changes."""

    abstract = False

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        cluster: Cluster,
        channels: dict[int, BatchChannel],
        on_change: Callable[[Application], None],
    ) -> None:
        super().__init__()
        self.plan = plan
        self.topology = plan.topology
        self.names = Names.of(settings.application, self.topology.name)
        self.group = self.names.group
        self._state: State = "starting"
        self.error: StreamappError | None = None
        self.commits = 0
        self.aborts = 0
        self.commit_seconds = 0.0
        self._settings = settings
        self._cluster = cluster
        self._channels = channels
        self._on_change = on_change
        self._group_tasks = Tasks(plan, self.names, settings, cluster)
        self._outputs = Outputs(plan, self.names, cluster.partitions)
        self._reader = Reader(plan.stores, self._group_tasks.every, self._group_tasks.open)
        self._member: GroupMetadata | None = None
        self._turn = asyncio.Lock()  # held while a batch is processed or committed, and by a rebalance
        self._paces: dict[int, Pace] = {}
        internal = (source.topic for sub in plan.subtopologies for source in sub.sources if source.internal)
        self._purge = Purge(cluster.admin, frozenset(map(self.names.internal, internal)), time.monotonic())
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()
        self._last_commit = time.monotonic()
        self._troubles = 0

    @property
    def label(self) -> str:
        """What mode's logs call it."""
        return f"Application: {self.topology.name}"

    @property
    def state(self) -> State:
        """What it does now, in place of mode's own word for it."""
        return self._state

    @property
    def tasks(self) -> dict[tuple[int, int], RunningTask]:
        """The tasks open in this process, by sub-topology and partition."""
        return self._group_tasks.open

    def metrics(self) -> dict[str, float]:
        """What was done since the process began, by the names of `streamapp.web.counters`."""
        commits = {"commits": self.commits, "aborts": self.aborts, "commit_seconds": self.commit_seconds}
        return {**asdict(self._group_tasks.done), **commits}

    def version(self, table: str) -> object:
        """Equal as long as no commit has changed the table here and no task has come or gone."""
        return self._reader.version(table)

    def read(self, table: str, **query: Any) -> Page:
        """Committed rows of a table; takes and gives what `Reader.read` does."""
        return self._reader.read(table, **query)

    def find(self, table: str, key: Any) -> Any:
        """The committed value of a key; raises `KeyError` when no task here has one."""
        return self._reader.find(table, key)

    async def on_start(self) -> None:
        """Starts the loop; the shell's start does not wait for it."""
        self.add_future(self._main())

    async def on_stop(self) -> None:
        """Ends at a batch boundary, commits, leaves the group and closes the stores."""
        self._stopping.set()
        await self._finished.wait()

    async def _main(self) -> None:
        try:
            with Slot(self.names.folder(self._settings.state_dir)) as slot:
                await self._serve(self.names.member(self._settings.state_dir, slot.number))
            self._enter("stopped")
        except StreamappError as error:
            self._fail(error)
        except Exception as error:
            logger.exception("%s: unexpected error", self.topology.name)
            self._fail(StreamappError(f"topology {self.topology.name!r} stopped: {error!r}"))
        finally:
            self._finished.set()

    async def _serve(self, member: str) -> None:
        topics = {topic: sub.number for topic, (sub, _) in self._group_tasks.topics.items()}
        membership = Membership(self.group, member, topics, self._group_tasks.claim, self._revoked, self._assigned)
        self._clients = Clients(self._cluster.bootstrap, self._settings, membership, self._cluster.limits)
        try:
            await self._clients.start()
            while not self._stopping.is_set():
                await self._step()
            await self._last_word()
        finally:
            await self._clients.stop()
            self._group_tasks.close_all()

    def _enter(self, state: State) -> None:
        if state != self.state:
            self._state = state
            logger.info("%s: %s", self.topology.name, state)
            self._on_change(self)

    def _fail(self, error: StreamappError) -> None:
        self.error = error
        logger.error("%s: %s", self.topology.name, error)
        self._enter("failed")

    # -- the loop --------------------------------------------------------------------------------------------------

    async def _step(self) -> None:
        """One turn: take over what was assigned, fetch, process, commit when it is due."""
        try:
            if self._group_tasks.assigned is not None:
                await self._take_over()
            elif self._group_tasks.active:
                await self._fetch()
                async with self._turn:
                    await self._work()
                    if time.monotonic() - self._last_commit >= self._settings.commit_seconds:
                        await self._commit()
                if self._purge.due(time.monotonic()):
                    await self._purge.run(list(self.tasks.values()), time.monotonic())
            else:
                await asyncio.sleep(0.01)
            self._troubles = 0
        except UnknownOutcomeError as error:
            logger.warning("%s: outcome of a commit unknown, resuming from the log: %s", self.topology.name, error)
            await self._reopen()
        except StaleMemberError as error:
            logger.warning(
                "%s: the group has moved on, work since the last commit is undone: %s", self.topology.name, error
            )
            async with self._turn:
                await self._roll_back()
        except RetriableKafkaError as error:
            await self._try_again(error, patience=None)
        except BatchDroppedError as error:
            await self._try_again(error, patience=PATIENCE)

    async def _try_again(self, error: Exception, patience: int | None) -> None:
        """Undoes the work since the last commit and waits a little longer each time."""
        self._troubles += 1
        if patience is not None and self._troubles > patience:
            raise error
        logger.warning("%s: work since the last commit is undone and tried again: %s", self.topology.name, error)
        async with self._turn:
            await self._roll_back()
        await self._pause(min(5.0, 0.1 * 2**self._troubles))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _take_over(self) -> None:
        self._enter("restoring")
        clients = self._clients
        if await self._group_tasks.take_over(clients.consumer, clients.reader, self._stopping.is_set):
            # What nobody has committed yet is committed as it begins, so that a crash in the first commit under
            # at-least-once does not leave a changelog without an offset.
            async with self._turn:
                await self._commit()
            self._enter("running")

    async def _fetch(self) -> None:
        """Fetches for partitions that have room; waits only when no task has anything to do."""
        now = int(time.time() * 1000)
        idle = not any(task.queues.ready(now) for task in self.tasks.values())
        wanted = self._group_tasks.wanted(QUEUE)
        if wanted:
            wait = min(0.1, self._settings.commit_seconds) if idle else 0.0
            await self._group_tasks.enqueue(await self._clients.consumer.take(wanted, wait))
            self._group_tasks.note_ends(self._clients.consumer.end)
        await asyncio.sleep(0)

    async def _work(self) -> None:
        """One run for each task that has one."""
        now = int(time.time() * 1000)
        for task in list(self.tasks.values()) if self._group_tasks.active else ():
            run = task.queues.take(now, RUN)
            if run is None:
                continue
            topic, partition, rows, next_offset = run
            if rows:
                await self._clients.guarantee.begin()
                await self._hand_over(task, Batch(partial(self._process, task, topic, rows)))
            task.positions[task.physical(topic), partition] = next_offset

    async def _hand_over(self, task: RunningTask, batch: Batch) -> None:
        """Lets the agent of the task's sub-topology process a batch."""
        try:
            await self._channels[task.subtopology.number].run(batch)
        except (StreamappError, BatchDroppedError):
            raise
        except Exception as error:
            raise BatchDroppedError(f"the agent of task {task.name} failed: {error!r}") from error

    async def _process(self, task: RunningTask, topic: str, rows: Sequence[Row]) -> None:
        """What the agent does with a batch: its task, in slices, and what that gave out to the writer."""
        pace = self._paces.setdefault(task.subtopology.number, Pace())
        start = 0
        while start < len(rows):
            part = rows[start : start + pace.rows]
            began = time.perf_counter()
            task.task.process(topic, part)
            self._outputs.send(task, self._clients.writer)
            pace.learn(len(part), time.perf_counter() - began)
            start += len(part)
            await asyncio.sleep(0)
        task.counters.records_in += len(rows)
        await self._clients.writer.pump()

    # -- commit and its failures -----------------------------------------------------------------------------------

    async def _commit(self) -> None:
        """Commits the tasks that have moved; nothing to commit costs nothing."""
        self._last_commit = began = time.monotonic()
        dirty = [task for task in self.tasks.values() if task.dirty]
        if not dirty or self._member is None:
            return
        clients = self._clients
        await commit(dirty, self.names, clients.writer, clients.guarantee, self._member)
        self.commits += 1
        self.commit_seconds += time.monotonic() - began

    async def _roll_back(self) -> None:
        """Back to the last commit, in Kafka and here; what was processed since is fetched again."""
        self.aborts += 1
        await self._clients.abort()
        for task in self.tasks.values():
            task.roll_back()
            if self._group_tasks.active:
                for at, position in task.positions.items():
                    self._clients.consumer.seek(at, position)

    async def _reopen(self) -> None:
        """Closes every task and takes the assignment over again, with a new producer that settles the old one's."""
        self.aborts += 1
        self._clients.writer.discard()
        await self._clients.new_producer()
        assigned = frozenset(at for task in self.tasks.values() for at in task.positions)
        self._group_tasks.close_all()
        if self._group_tasks.assigned is None:
            self._group_tasks.assigned = assigned

    async def _last_word(self) -> None:
        """The commit before a clean stop: committed = processed; what cannot be committed is undone."""
        async with self._turn:
            try:
                await self._commit()
            except StreamappError as error:
                logger.warning("%s: the last commit failed and is undone: %s", self.topology.name, error)
                await self._clients.abort()

    # -- the group -------------------------------------------------------------------------------------------------

    async def _revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Commits at a batch boundary before others may go on from there; tasks stay open."""
        async with self._turn:
            if not self._group_tasks.active:
                return
            self._group_tasks.active = False
            try:
                await self._commit()
            except StreamappError as error:
                logger.warning("%s: work since the last commit is undone by a rebalance: %s", self.topology.name, error)
                await self._roll_back()

    async def _assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Only takes note, above all of the generation commits must name (KIP-447)."""
        async with self._turn:
            consumer = self._clients.consumer
            self._member = consumer.group_metadata()
            consumer.pause(partitions)
            self._group_tasks.active = False
            self._group_tasks.assigned = frozenset(partitions)
