"""A topology as it runs in this process: its state, its tables, and its stays in the group, one after the other.

It fails alone: an Application that cannot go on stops itself, says why, and leaves the others running.
What it does while it is in the group is in `worker.member`, which tasks there are and where they begin in
`worker.tasks`; what records mean is in `streamapp.engine`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mode import Service

from streamapp.engine.specs import Plan
from streamapp.engine.store import Store
from streamapp.errors import StreamappError
from streamapp.kafka import RetriableKafkaError
from streamapp.settings import Settings
from streamapp.state import DamagedStateError, TaskState, put_aside
from streamapp.state.table_reader import TableReaders
from streamapp.worker.accepted import Accepted
from streamapp.worker.channel import BatchChannel
from streamapp.worker.clock import monotonic
from streamapp.worker.cluster import Cluster, by_pattern, look_again
from streamapp.worker.global_tables import GlobalTables
from streamapp.worker.member import Member, Parts, State, Tally
from streamapp.worker.names import Names
from streamapp.worker.outputs import Outputs
from streamapp.worker.pulse import Pulse
from streamapp.worker.purge import Purge
from streamapp.worker.reading import Page, Reader
from streamapp.worker.restoration import Progress
from streamapp.worker.rounds import Rounds
from streamapp.worker.running import Counters, RunningTask
from streamapp.worker.slot import Slot
from streamapp.worker.tasks import Tasks

logger = logging.getLogger(__name__)

Listener = Callable[[State, State], object]
"""Called with the state before and the state now."""


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
        self.stopping = asyncio.Event()
        self._settings = settings
        self._channels = channels
        self._on_change = on_change
        self._listeners: list[Listener] = []
        self._done_before = Counters()
        self._tally = Tally()
        self._plan_with(plan, cluster)
        self._paused = False
        self._pulse = Pulse()
        self._finished = asyncio.Event()

    def _plan_with(self, plan: Plan, cluster: Cluster) -> None:
        """Makes what follows from the plan, at first and when other topics match its patterns."""
        self.plan = plan
        self._cluster = cluster
        self._successor: Cluster | None = None
        self._damaged: DamagedStateError | None = None
        """Of the global tables, which every task looks up: all begin again without it."""
        self._global_tables: GlobalTables | None = None
        self._global_stores: dict[str, Store] = {}
        accepted = Accepted(plan, self.names, cluster.topics)
        self._group_tasks = Tasks(
            plan, self.names, self._settings, cluster, accepted=accepted, global_stores=self._global_stores
        )
        outputs = Outputs(plan, self.names, cluster.partitions)
        self._rounds = Rounds(self._channels, outputs, accepted, self._settings.transaction_timeout)
        self._reader = Reader(plan.tables, self._group_tasks.every, self._group_tasks.open, self._global_state)
        internal = (source.topic for sub in plan.subtopologies for source in sub.sources if source.internal)
        self._purge = Purge(cluster.admin, frozenset(map(self.names.internal, internal)), monotonic())

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

    @property
    def restores(self) -> list[Progress]:
        """The stores of this process that are being restored."""
        return self._group_tasks.restoration.progress

    @property
    def standbys(self) -> list[Progress]:
        """The stores of other workers' tasks that are followed here."""
        return self._group_tasks.standbys.progress

    @property
    def global_tables(self) -> GlobalTables | None:
        """The global tables of this process; None before they are opened."""
        return self._global_tables

    @property
    def paused(self) -> bool:
        """Whether `pause` was called last."""
        return self._paused

    def pause(self) -> None:
        """Processes nothing until `resume`; what is done is committed, the group and its heartbeats go on (KIP-834)."""
        self._paused = True

    def resume(self) -> None:
        """Goes on after `pause`."""
        self._paused = False

    def on_state(self, listener: Listener) -> None:
        """Calls `listener` with the old and the new state whenever `state` changes; its errors are logged."""
        self._listeners.append(listener)

    def metrics(self) -> dict[str, float]:
        """What was done since the process began, by the names of `streamapp.web.counters`."""
        return {**asdict(self._done), **asdict(self._tally)}

    @property
    def _done(self) -> Counters:
        tables = self._global_tables
        return self._done_before + self._group_tasks.done + (tables.counters if tables else Counters())

    def version(self, table: str) -> object:
        """Equal as long as no commit has changed the table here and no task has come or gone."""
        return self._reader.version(table)

    def read(self, table: str, **query: Any) -> Page:
        """Committed rows of a table; takes and gives what `Reader.read` does."""
        return self._reader.read(table, **query)

    def find(self, table: str, key: Any) -> Any:
        """The committed value of a key; raises `KeyError` when no task here has one."""
        return self._reader.find(table, key)

    @property
    def table(self) -> TableReaders:
        """Called with a `Table` of the topology, or its name: the typed reader of its committed rows here."""
        return TableReaders(self.topology.name, self.plan.tables, lambda name: self._reader.parts(name))

    def _global_state(self) -> TaskState | None:
        return self._global_tables.state if self._global_tables else None

    async def on_start(self) -> None:
        """Starts the loop; the shell's start does not wait for it."""
        self.add_future(self._main())

    async def on_stop(self) -> None:
        """Ends at a batch boundary, commits, leaves the group and closes the stores."""
        self.stopping.set()
        await self._finished.wait()

    async def _main(self) -> None:
        try:
            with Slot(self.names.folder(self._settings.state_dir)) as slot, self._pulse:
                while await self._serve(slot.number):
                    self._begin_again()
            self.enter("stopped")
        except StreamappError as error:
            self._fail(error)
        except Exception as error:
            logger.exception("%s: unexpected error", self.topology.name)
            self._fail(StreamappError(f"topology {self.topology.name!r} stopped: {error!r}"))
        finally:
            self._finished.set()

    async def _serve(self, slot: int) -> bool:
        """Runs until it is to stop, or to begin again: then it gives true."""
        folder = self.names.folder(self._settings.state_dir) / f"global-{slot}"
        tables = self._global_tables = GlobalTables(self.plan, self.names, folder, self._settings, self._cluster)
        member = self._made_member(slot, folder)
        beside: list[asyncio.Task[None]] = []
        try:
            if self.plan.globals:
                self.enter("restoring")
            if await tables.load(self.stopping.is_set):
                self._global_stores.update(tables.stores)
                await member.join()
                beside += [asyncio.create_task(work) for work in (tables.follow(), self._watch())]
                await self._go_on(member, beside)
                await member.last_word()
        except DamagedStateError as error:
            if error.folder != folder:
                raise
            self._damaged = error
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)  # what they raised is raised by the loop
            await member.leave()
            await self._group_tasks.close_all()
            await tables.close()
        return self._is_over and not self.stopping.is_set()

    def _made_member(self, slot: int, global_folder: Path) -> Member:
        name = self.names.member(self._settings.state_dir, slot)
        parts = Parts(
            self.topology.name, self._group_tasks, self._rounds, self._purge, self._pulse, self._tally, global_folder
        )
        return Member(self, self.names, name, self._settings, self._cluster, parts)

    @property
    def _is_over(self) -> bool:
        return self.stopping.is_set() or self._successor is not None or self._damaged is not None

    async def _go_on(self, member: Member, beside: Sequence[asyncio.Task[None]]) -> None:
        while not self._is_over:
            for task in beside:
                if task.done():
                    task.result()
            await member.step()

    def _begin_again(self) -> None:
        """What follows when `_serve` has ended and is to go on: other topics match a pattern, or damage was found."""
        self._done_before = self._done
        if self._damaged is not None:
            aside = put_aside(self._damaged.folder)
            logger.warning("%s; put aside as %s and rebuilt from the log", self._damaged, aside)
        cluster = self._successor or self._cluster
        self._plan_with(cluster.plans[self.topology.name], cluster)

    async def _watch(self) -> None:
        """Looks now and then for topics that have begun, or ceased, to match the topology's patterns."""
        while by_pattern(self.plan) and self._successor is None:
            await asyncio.sleep(self._settings.metadata_interval)
            try:
                self._successor = await look_again(self._cluster, self.plan, self._settings)
            except RetriableKafkaError as error:
                logger.warning("%s: cannot look for new topics now: %s", self.topology.name, error)

    def enter(self, state: State) -> None:
        """Changes the state and tells who listens."""
        old = self.state
        if state == old:
            return
        self._state = state
        logger.info("%s: %s", self.topology.name, state)
        self._on_change(self)
        for listener in self._listeners:
            try:
                listener(old, state)
            except Exception:  # it is the author's, and no reason to stop
                logger.exception("%s: a listener of its state failed", self.topology.name)

    def _fail(self, error: StreamappError) -> None:
        self.error = error
        logger.error("%s: %s", self.topology.name, error)
        self.enter("failed")
