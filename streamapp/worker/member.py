"""A stay in the group, from joining it to leaving it: fetches, processes, commits, and mends what can be mended.

The steps of a commit are in `worker.commit`, those of a restore in `worker.recovery`, which tasks there are and where
they begin in `worker.tasks`. Knows nothing of global tables, nor of why it begins and ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from streamapp.engine.failure import RetryLaterError
from streamapp.errors import FencedError, StreamappError
from streamapp.kafka import (
    GroupMetadata,
    OffsetOutOfRangeError,
    RetriableKafkaError,
    StaleMemberError,
    UnknownOutcomeError,
)
from streamapp.settings import Settings
from streamapp.state import DamagedStateError
from streamapp.worker.assignment import TaskId
from streamapp.worker.channel import BatchDroppedError
from streamapp.worker.clients import Clients, Membership
from streamapp.worker.clock import elapsed, monotonic, wall_clock
from streamapp.worker.cluster import Cluster
from streamapp.worker.commit import commit
from streamapp.worker.failpoints import reach
from streamapp.worker.names import Names
from streamapp.worker.pulse import Pulse
from streamapp.worker.purge import Purge
from streamapp.worker.rounds import Rounds
from streamapp.worker.running import TopicPartition
from streamapp.worker.tasks import Tasks

logger = logging.getLogger(__name__)

State = Literal["starting", "restoring", "running", "failed", "stopped"]

QUEUE = 20_000
"""Records queued for one partition before it is no longer fetched."""

LINGER_UNDER_LOAD = 0.05
"""Seconds that results wait at least while there is more to do."""

PATIENCE = 5
"""Times in a row that work may fail for a reason that is not Kafka's before the topology stops."""


class Host(Protocol):
    """Who is in the group: an Application."""

    stopping: asyncio.Event

    @property
    def paused(self) -> bool:
        """Whether nothing is to be processed for now."""
        ...

    def enter(self, state: State) -> None:
        """Is told what is done now."""
        ...


@dataclass
class Tally:
    """What was committed and undone since the process began."""

    commits: int = 0
    aborts: int = 0
    commit_seconds: float = 0.0


@dataclass(frozen=True)
class Parts:
    """What a member of a topology works with; damage in `global_folder` is not for it to mend."""

    topology: str
    tasks: Tasks
    rounds: Rounds
    purge: Purge
    pulse: Pulse
    tally: Tally
    global_folder: Path


class Member:
    """One member of the group `names.group`, which Kafka knows as `member`; `join`, then `step` after `step`."""

    def __init__(
        self, host: Host, names: Names, member: str, settings: Settings, cluster: Cluster, parts: Parts
    ) -> None:
        self._host = host
        self._names = names
        self._name = parts.topology
        self._settings = settings
        self._group_tasks = parts.tasks
        self._rounds = parts.rounds
        self._purge = parts.purge
        self._pulse = parts.pulse
        self._tally = parts.tally
        self._global_folder = parts.global_folder
        topics = {topic: sub.number for topic, (sub, _) in parts.tasks.topics.items()}
        membership = Membership(
            names.group, member, topics, parts.tasks.claim, self._revoked, self._assigned, self._given
        )
        self._clients = Clients(cluster.kafka, settings, membership, cluster.limits)
        self._member: GroupMetadata | None = None
        self._turn = asyncio.Lock()  # held while a batch is processed or committed, and by a rebalance
        self._overtaken: FencedError | None = None  # found out in a rebalance, raised by the loop
        self._last_commit = monotonic()
        self._troubles = 0

    async def join(self) -> None:
        """Connects, and asks the group for tasks."""
        await self._clients.start()

    async def leave(self) -> None:
        """Leaves the group and closes the connections; what was not committed is undone."""
        await self._group_tasks.restoration.halt()  # it reads through a connection of ours
        await self._group_tasks.standbys.halt()
        await self._clients.stop()

    # -- the loop --------------------------------------------------------------------------------------------------

    async def step(self) -> None:
        """One turn, and what follows when it fails; raises what cannot be mended by doing it again."""
        if self._overtaken is not None:
            raise self._overtaken
        try:
            await self._advance()
            self._troubles = 0
        except (StreamappError, BatchDroppedError) as error:
            await self._recover(error)

    async def _advance(self) -> None:
        """Takes over what was assigned, or fetches, processes, and commits when it is due."""
        if self._group_tasks.assigned is not None:
            await self._take_over()
        elif self._group_tasks.active:
            self._group_tasks.standbys.check()
            if self._group_tasks.restoring:
                await self._admit()
            else:  # also when the commit with which the last tasks began has failed
                self._host.enter("running")
            await self._fetch()
            async with self._turn:
                if self._group_tasks.active and not self._host.paused:
                    await self._rounds.run(list(self._group_tasks.open.values()), self._clients)
                    await self._clients.writer.linger(self._linger_seconds(), monotonic())
                is_due = monotonic() - self._last_commit >= self._settings.commit_seconds
                if is_due or self._rounds.culprit.size is not None:
                    await self._commit()
            if self._purge.due(monotonic()):
                await self._purge.run(list(self._group_tasks.open.values()), monotonic())
        else:  # nothing is there to be taken, but what keeps this member out of the group is raised
            await self._clients.consumer.take((), 0.01)

    async def _recover(self, error: StreamappError | BatchDroppedError) -> None:
        """Does what an error asks for; raises it when nothing can be done."""
        name = self._name
        match error:
            case UnknownOutcomeError():
                logger.warning("%s: outcome of a commit unknown, resuming from the log: %s", name, error)
                await self._reopen()
            case StaleMemberError():
                if self._stood_still:
                    raise self._zombie() from error
                logger.warning("%s: the group has moved on, work since the last commit is undone: %s", name, error)
                async with self._turn:
                    await self._roll_back()
            case OffsetOutOfRangeError() if await self._others_have_passed(error):
                await self._try_again(error, patience=None)
            case RetriableKafkaError() | BatchDroppedError():
                await self._try_again(error, patience=PATIENCE if isinstance(error, BatchDroppedError) else None)
            case StreamappError() if self._rounds.culprit.narrow(error):
                logger.warning("%s: looking for the record that is to blame: %s", name, error)
                async with self._turn:
                    await self._roll_back()
            case RetryLaterError():  # a change that waited for the commit, which must wait for it now
                logger.info("%s: %s", name, error)
                self._last_commit = monotonic() + error.after / 1000 - self._settings.commit_seconds
            case DamagedStateError() if error.folder != self._global_folder:
                await self._rebuild(error)
            case _:
                raise error

    async def _others_have_passed(self, error: OffsetOutOfRangeError) -> bool:
        """Whether the records may be gone because another member has committed them, unknown to this one."""
        try:
            offset, _ = (await self._clients.consumer.committed_stable([error.at]))[error.at]
        except RetriableKafkaError as unanswered:
            logger.warning("%s: %s", self._name, unanswered)
            return True  # asked again with the next fetch
        return offset > error.offset

    async def _try_again(self, error: Exception, patience: int | None) -> None:
        """Undoes the work since the last commit and waits a little longer each time."""
        self._troubles += 1
        if patience is not None and self._troubles > patience:
            raise error
        logger.warning("%s: work since the last commit is undone and tried again: %s", self._name, error)
        async with self._turn:
            await self._roll_back()
        await self._pause(min(5.0, 0.1 * 2**self._troubles))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._host.stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _take_over(self) -> None:
        self._host.enter("restoring")
        clients = self._clients
        if await self._group_tasks.take_over(clients.consumer, clients.reader, self._host.stopping.is_set):
            if self._group_tasks.standbys.given:
                self._group_tasks.standbys.go_on(await clients.follower())
            await self._admit()

    async def _admit(self) -> None:
        """Begins with the tasks whose stores have become complete; the others go on being restored.

        What nobody has committed yet is committed as it begins, so that a crash in the first commit under
        at-least-once does not leave a changelog without an offset.
        """
        async with self._turn:
            if not self._group_tasks.active:
                return  # a rebalance came first
            ready = self._group_tasks.admit(self._clients.consumer)
            for task in ready:
                self._rounds.start(task, self._clients)
            if ready:
                await self._commit()
        if not self._group_tasks.restoring:
            self._host.enter("running")

    async def _fetch(self) -> None:
        """Fetches for partitions that have room; waits only when no task has anything to do."""
        wait = self._idle_seconds()
        wanted = [] if self._host.paused else self._group_tasks.wanted(QUEUE)
        batches = await self._clients.consumer.take(wanted, wait)
        if batches:
            reach("fetched")
        await self._group_tasks.enqueue(batches)
        self._group_tasks.note_ends(self._clients.consumer.end)
        await asyncio.sleep(0)

    def _linger_seconds(self) -> float:
        """How long results wait for others: under load batches fill by themselves, and small ones would cost."""
        seconds = self._settings.linger
        return seconds if seconds >= LINGER_UNDER_LOAD or not self._busy else LINGER_UNDER_LOAD

    @property
    def _busy(self) -> bool:
        """Whether a task has something to do."""
        now = elapsed()
        return any(task.ready(now) for task in self._group_tasks.open.values())

    def _idle_seconds(self) -> float:
        """How long nothing is to be done unless something comes; 0 while there is work."""
        longest = min(0.1, self._settings.commit_seconds)
        if self._clients.writer.has_open:
            longest = min(longest, self._settings.linger)
        if self._host.paused:
            return longest
        if self._busy:
            return 0.0
        now, wall = elapsed(), wall_clock()
        due = [seconds for task in self._group_tasks.open.values() if (seconds := task.due_in(now, wall)) is not None]
        return min([longest, *(milliseconds / 1000 for milliseconds in due)])

    # -- commit and its failures -----------------------------------------------------------------------------------

    async def _commit(self) -> None:
        """Commits the tasks that have moved; nothing to commit costs nothing."""
        self._last_commit = began = monotonic()
        dirty = [task for task in self._group_tasks.open.values() if task.dirty]
        if not dirty or self._member is None:
            return
        if self._stood_still and self._settings.guarantee == "at_least_once":
            raise self._zombie()  # no transaction would keep its changelog from overwriting that of its successor
        clients = self._clients
        for task in dirty:
            self._rounds.flush(task, clients)
        await commit(dirty, self._names, clients.writer, clients.guarantee, self._member, clients.intruders)
        self._pulse.forget()
        self._rounds.culprit.committed(
            {(task.id, task.topics[at[0]]): offset for task in dirty for at, offset in task.positions.items()}
        )
        self._tally.commits += 1
        self._tally.commit_seconds += monotonic() - began

    async def _roll_back(self) -> None:
        """Back to the last commit, in Kafka and here; what was processed since is fetched again."""
        self._tally.aborts += 1
        reach("before-abort")
        await self._clients.abort()
        reach("aborted")
        for task in self._group_tasks.open.values():
            task.roll_back()
            if self._group_tasks.active:
                for at, position in task.positions.items():
                    self._clients.consumer.seek(at, position)

    async def _reopen(self) -> None:
        """Closes every task and takes the assignment over again, with a new producer that settles the old one's."""
        self._tally.aborts += 1
        self._clients.writer.discard()
        await self._clients.new_producer()
        await self._group_tasks.begin_anew()

    async def _rebuild(self, error: DamagedStateError) -> None:
        """Puts a folder aside whose damage showed only when it was read, and goes on from the log."""
        async with self._turn:
            self._tally.aborts += 1
            await self._clients.abort()
            await self._group_tasks.begin_anew()
            aside = self._group_tasks.put_aside(error.folder)
        logger.warning("%s; put aside as %s and rebuilt from the log", error, aside)

    async def last_word(self) -> None:
        """The commit before a clean stop: committed = processed; what cannot be committed is undone."""
        async with self._turn:
            try:
                await self._commit()
                reach("last-commit")
            except FencedError:
                raise
            except StreamappError as error:
                logger.warning("%s: the last commit failed and is undone: %s", self._name, error)
                self._group_tasks.active = False  # a rebalance before we have left would commit what is left of it
                await self._clients.abort()

    @property
    def _stood_still(self) -> bool:
        """Whether the process was not run, since the last commit, for as long as a session lasts without heartbeats."""
        return self._pulse.longest >= self._settings.session_timeout - self._settings.heartbeat_interval

    def _zombie(self) -> FencedError:
        return FencedError(
            f"this process stood still for {self._pulse.longest:.1f} s: its session in group {self._names.group!r} "
            f"({self._settings.session_timeout:g} s) ended, and its tasks were given to others; what it had "
            "not committed is undone, nothing of it will be seen. Start it again, or raise session_timeout"
        )

    # -- the group -------------------------------------------------------------------------------------------------

    def _given(self, standbys: Collection[TaskId]) -> None:
        """Takes note of what to follow; it is done when the assignment is taken over."""
        self._group_tasks.standbys.given = frozenset(standbys)

    async def _revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Commits at a batch boundary before others may go on from there; tasks stay open."""
        async with self._turn:
            if not self._group_tasks.active:
                return
            self._group_tasks.active = False
            reach("revoked")
            try:
                await self._commit()
                reach("revoked-committed")
            except FencedError as error:  # a new producer, which undoing would make, would fence our successor
                self._overtaken = error
            except StreamappError as error:
                logger.warning("%s: work since the last commit is undone by a rebalance: %s", self._name, error)
                await self._roll_back()

    async def _assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Only takes note, above all of the generation commits must name (KIP-447)."""
        async with self._turn:
            consumer = self._clients.consumer
            before, self._member = self._member, consumer.group_metadata()
            if before is not None and before.member_id != self._member.member_id and self._stood_still:
                self._overtaken = self._zombie()
            consumer.pause(partitions)
            self._group_tasks.active = False
            self._group_tasks.assigned = frozenset(partitions)
            reach("assigned")
