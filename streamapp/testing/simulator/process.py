"""A simulated worker process: the real member of a group, with its tasks and its commits, on a simulated machine.

It dies at any step, stands still, loses its connection, and is started again on the same disk. Knows nothing of when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import Context
from pathlib import Path
from typing import Any

from streamapp.engine.specs import Plan
from streamapp.errors import StreamappError
from streamapp.kafka.assignor import GroupAssignor
from streamapp.kafka.interfaces import Producer
from streamapp.settings import Settings
from streamapp.testing.simulator.admin import SimulatedAdmin
from streamapp.testing.simulator.cluster import SimulatedCluster
from streamapp.testing.simulator.consumer import SimulatedConsumer
from streamapp.testing.simulator.disk import SimulatedDisk
from streamapp.testing.simulator.loop import OWNER, Handle, VirtualLoop
from streamapp.testing.simulator.membership import Membership
from streamapp.testing.simulator.network import KilledError
from streamapp.testing.simulator.plants import Plant
from streamapp.testing.simulator.producer import SimulatedProducer, SimulatedWriter
from streamapp.testing.simulator.writing_early import write_stores
from streamapp.worker.accepted import Accepted
from streamapp.worker.channel import Batch
from streamapp.worker.clock import CLOCK
from streamapp.worker.cluster import Cluster, prepare
from streamapp.worker.failpoints import PASSING
from streamapp.worker.member import Member, Parts, State, Tally
from streamapp.worker.names import Names
from streamapp.worker.outputs import Outputs
from streamapp.worker.pulse import Pulse
from streamapp.worker.purge import INTERVAL, Purge
from streamapp.worker.rounds import Rounds
from streamapp.worker.tasks import Tasks

EPOCH = 1_600_000_000.0
"""Seconds: the wall clock when a run begins."""


class Process:
    """One life of a worker on `machine`."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.name = name
        self.dead = False
        self.connected = True
        self.paused = False
        self.held: list[Handle] = []
        self.running: list[asyncio.Task[Any]] = []
        self.stopping = asyncio.Event()
        self.error: BaseException | None = None
        """What it ended with by itself."""
        self.tasks: Tasks | None = None
        self.state: State = "starting"
        self._machine = machine
        self._loop = machine.loop
        self._steps_left: int | None = None
        self._dies_at: tuple[str, int] | None = None
        self._context = Context()
        self._main: asyncio.Task[None] | None = None

    # -- as the world sees it ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to run."""
        self._context.run(self._enter)
        self._main = self._loop.create_task(self._run(), context=self._context)

    def _enter(self) -> None:
        OWNER.set(self)
        CLOCK.set(self)
        PASSING.set(self.passes)

    @property
    def ended(self) -> bool:
        """Whether it does nothing any more."""
        return self.dead or (self._main is not None and self._main.done())

    def kill(self) -> None:
        """As SIGKILL does: nothing it does from here on reaches anything."""
        if self.ended:
            return
        self.dead = True
        self._machine.trace.note(self.name, "dies")
        self.go_on()
        for task in self.running:
            task.cancel()

    def die_after(self, steps: int) -> None:
        """Dies when its loop has taken that many steps more."""
        self._steps_left = steps

    def die_at(self, point: str, hit: int) -> None:
        """Dies at the hit-th pass of a fail point."""
        self._dies_at = (point, hit)

    def stand_still(self) -> None:
        """As SIGSTOP does."""
        self.paused = True

    def go_on(self) -> None:
        """As SIGCONT does."""
        self.paused = False
        self._loop.release(self.held)

    def reconnect(self) -> None:
        """Its connection is there again."""
        self.connected = True

    def spare(self) -> None:
        """Nothing more is to happen to it."""
        self._steps_left = self._dies_at = None
        self.reconnect()
        self.go_on()

    # -- as its own code sees it ---------------------------------------------------------------------------------------

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return self._loop.time()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return EPOCH + self._loop.time()

    def count(self) -> None:
        """One step of its loop."""
        if self._steps_left is not None and not self.dead:
            self._steps_left -= 1
            if not self._steps_left:
                self._steps_left = None
                self.kill()

    def passes(self, point: str) -> None:
        """It passes a fail point."""
        if self.dead:
            raise KilledError
        self._machine.trace.note(self.name, point)
        if self._machine.plant == "state-before-commit" and point == "before-end-transaction" and self.tasks:
            write_stores(self.tasks)
        if self._dies_at is not None and self._dies_at[0] == point:
            self._dies_at = (point, self._dies_at[1] - 1)
            if not self._dies_at[1]:
                self.kill()
                raise KilledError

    # -- its life ------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._serve()
        except StreamappError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - told by the checker
            self.error = error
        except BaseException:
            if not self.dead:
                raise
        if not self.dead:
            self._machine.trace.note(self.name, f"ends: {self.error or 'as asked'}")

    async def _serve(self) -> None:
        machine = self._machine
        admin = SimulatedAdmin(machine.cluster, self, machine.plant)
        cluster = await prepare("simulated", admin, _Clients(machine, self), [machine.plan], machine.settings)
        member, self.tasks = self._member(cluster)
        beats = self._loop.create_task(self._beat(self._pulse))
        try:
            await member.join()
            while not self.stopping.is_set():
                await member.step()
            await member.last_word()
        finally:
            beats.cancel()
            await member.leave()
            await self.tasks.close_all()

    def _member(self, cluster: Cluster) -> tuple[Member, Tasks]:
        machine, settings = self._machine, self._machine.settings
        plan = cluster.plans[machine.plan.topology.name]
        names = Names.of(settings.application, plan.topology.name)
        accepted = Accepted(plan, names, cluster.topics)
        tasks = Tasks(plan, names, settings, cluster, accepted=accepted, global_stores={}, disk=machine.disk)
        channels = {sub.number: _Channel() for sub in plan.subtopologies}
        outputs = Outputs(plan, names, cluster.partitions)
        rounds = Rounds(channels, outputs, accepted, settings.transaction_timeout)
        internal = {
            names.internal(source.topic) for sub in plan.subtopologies for source in sub.sources if source.internal
        }
        purge = Purge(cluster.admin, frozenset(internal), self.monotonic() - machine.purge_after)
        self._pulse = Pulse()
        parts = Parts(plan.topology.name, tasks, rounds, purge, self._pulse, Tally(), Path("/none"))
        return Member(_Host(self), names, names.member(settings.state_dir, 0), settings, cluster, parts), tasks

    async def _beat(self, pulse: Pulse) -> None:
        """In place of the pulse's thread, which would beat in real time."""
        while True:
            await asyncio.sleep(0.5)
            pulse.note(self.monotonic())


class _Host:
    """What a member asks of the Application around it."""

    paused = False

    def __init__(self, process: Process) -> None:
        self.stopping = process.stopping
        self._process = process

    def enter(self, state: State) -> None:
        """Is told what is done now."""
        self._process.state = state


class _Channel:
    """In place of the channel to a Faust agent: processes a batch as an agent does."""

    async def run(self, batch: Batch) -> None:
        """Processes a batch; raises what that raises."""
        with batch:
            await batch.process()
        await batch.done


class _Clients:
    """Makes the clients of one process."""

    def __init__(self, machine: Machine, process: Process) -> None:
        self._machine = machine
        self._process = process

    def reader(self, *, committed: bool = True) -> SimulatedConsumer:
        """Reads in no group."""
        return SimulatedConsumer(self._machine.cluster, self._process, self._machine.plant, committed=committed)

    def member(
        self, group: str, instance: str, session_s: float, heartbeat_s: float, assignor: GroupAssignor
    ) -> SimulatedConsumer:
        """Reads in a group."""
        membership = Membership(
            self._machine.cluster, self._process, group, self._machine.name, session_s, heartbeat_s, assignor
        )
        return SimulatedConsumer(self._machine.cluster, self._process, self._machine.plant, membership)

    def producer(self, transactional_id: str | None, transaction_s: float) -> SimulatedProducer:
        """Writes."""
        name = None if transactional_id is None else self._machine.name
        return SimulatedProducer(self._machine.cluster, self._process, name, transaction_s, self._machine.plant)

    def writer(self, producer: Producer, limits: Mapping[str, int]) -> SimulatedWriter:
        """Writes through a producer."""
        assert isinstance(producer, SimulatedProducer)  # noqa: S101 - tells mypy: it was made here
        return SimulatedWriter(producer, self._machine.plant)


class Machine:
    """A machine with its disk, on which one process runs at a time."""

    def __init__(
        self,
        name: str,
        cluster: SimulatedCluster,
        loop: VirtualLoop,
        plan: Plan,
        settings: Settings,
        disk: SimulatedDisk,
        plant: Plant | None,
        purge_after: float,
    ) -> None:
        self.name = name
        self.cluster = cluster
        self.loop = loop
        self.trace = cluster.trace
        self.plan = plan
        self.settings = settings
        self.disk = disk
        self.plant = plant
        self.purge_after = INTERVAL - purge_after
        self.process: Process | None = None
        self.closed = False
        """Whether no process is to be started any more."""
        self.ends: list[BaseException] = []
        """What its processes have ended with by themselves."""
        self._lives = 0

    @property
    def running(self) -> Process | None:
        """The present process, unless it has ended."""
        return None if self.process is None or self.process.ended else self.process

    def start(self) -> None:
        """Starts a process, if none runs."""
        if self.running is not None or self.closed:
            return
        self.note_end()
        self._lives += 1
        self.process = self.disk.process = Process(self, f"{self.name}.{self._lives}")
        self.trace.note(self.process.name, "starts")
        self.process.start()

    def note_end(self) -> None:
        """Remembers what the last process ended with."""
        if self.process is not None and self.process.error is not None:
            self.ends.append(self.process.error)
            self.process.error = None
