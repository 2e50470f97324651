"""One run: a world made from a seed, workers in it, trouble, then quiet, and what is found to be wrong.

Knows nothing of how many runs there are.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from streamapp.engine.partitions import partition_counts
from streamapp.engine.records import Row
from streamapp.errors import FencedError
from streamapp.kafka.partitioner import Partitioner
from streamapp.settings import Settings
from streamapp.state import DamagedStateError, StateError
from streamapp.testing.simulator.checker import Checker
from streamapp.testing.simulator.cluster import SimulatedCluster
from streamapp.testing.simulator.disk import SimulatedDisk
from streamapp.testing.simulator.faults import Faults
from streamapp.testing.simulator.log import Transaction
from streamapp.testing.simulator.loop import StuckError, VirtualLoop
from streamapp.testing.simulator.network import Network
from streamapp.testing.simulator.oracle import At, expect
from streamapp.testing.simulator.plants import Plant
from streamapp.testing.simulator.process import Machine
from streamapp.testing.simulator.shapes import SHAPES, Input
from streamapp.testing.simulator.trace import Trace
from streamapp.worker.cluster import not_compacted
from streamapp.worker.names import Names
from streamapp.worker.running import RunningTask

APPLICATION = "simulated"

QUIET = 4.0
"""Seconds it must stay quiet: who was cut off, or does not know what became of a commit, has not begun to mend it."""

PATIENCE = 90.0
"""Seconds after the last trouble until everything must be committed."""


@dataclass
class Outcome:
    """What became of a seed; nothing is wrong when there are no `problems`."""

    seed: int
    about: str
    digest: str
    problems: list[str]
    last_lines: list[str]
    faults: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    """Of the world's own time."""


class Run:
    """The world of one seed."""

    def __init__(self, seed: int, plant: Plant | None = None) -> None:
        self.seed = seed
        self._random = random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._loop = VirtualLoop()
        self._trace = Trace(self._loop)
        network = Network(self._loop, self._split(), self._trace)
        self._cluster = SimulatedCluster(self._loop, network, self._trace)
        self._name = random.choice(sorted(SHAPES))
        self._shape = SHAPES[self._name]
        self._exactly_once = random.random() < 0.75
        self._standbys = Random(f"standbys of {seed}").choice([0, 0, 1, 2])  # noqa: S311 - repeatable, not secret
        self._partitions = random.randint(1, 3)
        self._machines = [self._machine(number, plant) for number in range(random.randint(2, 3))]
        self._faults = Faults(random, self._cluster, self._machines, exactly_once=self._exactly_once)
        self._names = Names.of(APPLICATION, self._name)
        self._fed: defaultdict[At, list[Row]] = defaultdict(list)

    def _split(self) -> Random:
        return Random(self._random.random())  # noqa: S311 - repeatable, not secret

    @property
    def about(self) -> str:
        """What is special about it."""
        guarantee = "exactly once" if self._exactly_once else "at least once"
        kinds = ", ".join(self._faults.kinds)
        return (
            f"{self._name}, {guarantee}, {len(self._machines)} machines, {self._partitions} partitions, "
            f"{self._standbys} standbys; {kinds}"
        )

    def _machine(self, number: int, plant: Plant | None) -> Machine:
        random = self._random
        settings = Settings(
            application=APPLICATION,
            state_dir=Path(f"/simulated/{number}"),
            guarantee="exactly_once" if self._exactly_once else "at_least_once",
            commit_interval=random.choice([0.1, 0.1, 0.5]),
            session_timeout=6.0,
            heartbeat_interval=1.0,
            transaction_timeout=2.5,
            standby_replicas=self._standbys,
        )
        disk = SimulatedDisk(self._split(), plant)
        after = random.uniform(0.0, 12.0)
        return Machine(f"w{number}", self._cluster, self._loop, self._shape.plan, settings, disk, plant, after)

    def outcome(self) -> Outcome:
        """Runs it."""
        watched = logging.getLogger("streamapp")
        before = watched.level, watched.propagate
        watched.addHandler(self._trace)
        watched.setLevel(logging.INFO)
        watched.propagate = False
        try:
            problems = self._loop.run(self._live())
        except StuckError as error:
            problems = [f"stuck: {error}"]
        finally:
            self._loop.close()
            watched.removeHandler(self._trace)
            watched.level, watched.propagate = before
        return Outcome(
            self.seed,
            self.about,
            self._trace.digest,
            problems,
            self._trace.last(60) if problems else [],
            dict(self._faults.done),
            self._loop.time(),
        )

    # -- its course ----------------------------------------------------------------------------------------------------

    async def _live(self) -> list[str]:
        random = self._random
        inputs = self._make_inputs()
        duration = random.uniform(4.0, 15.0)
        feeding = self._loop.create_task(self._feed(inputs, duration))
        for machine in self._machines:
            self._cluster.network.later(random.uniform(0.0, 1.0), machine.start)
        supervising = self._loop.create_task(self._supervise())
        await asyncio.sleep(random.uniform(0.0, 2.0))
        await self._faults.run(duration)
        await feeding
        problems = await self._settle()
        supervising.cancel()
        return problems or await self._stop()

    def _make_inputs(self) -> dict[str, list[Input]]:
        random = self._random
        plan = self._shape.plan
        outputs = {sink.topic for sub in plan.subtopologies for sink in sub.sinks if not sink.internal}
        for topic in sorted(outputs | set(self._shape.inputs)):
            policy = "compact" if topic in self._shape.tables else "delete"
            self._cluster.create(topic, self._partitions, {"cleanup.policy": policy})
        count = random.randint(10, 90)
        return {topic: make(random, count) for topic, make in self._shape.inputs.items()}

    async def _feed(self, inputs: dict[str, list[Input]], seconds: float) -> None:
        """Writes the input, in transactions of others of which some are aborted."""
        partitioner = Partitioner(self._partitions)
        records = [(topic, record) for topic, listed in inputs.items() for record in listed]
        if self._shape.live:
            records.sort(key=lambda one: one[1][0])
        for number, (topic, (timestamp, key, value)) in enumerate(records):
            if self._shape.live and number > len(records) // 3:
                await asyncio.sleep(self._random.expovariate(len(records) / seconds))
            partition = partitioner(key)
            log = self._cluster.logs[topic, partition]
            if self._random.random() < 0.1:
                transaction = Transaction()
                log.append([(timestamp, key, b"0", ())], transaction)
                log.mark(transaction, committed=False)
            offset = log.append([(timestamp, key, value, ())])
            self._fed[topic, partition].append((offset, timestamp, key, value, ()))

    async def _supervise(self) -> None:
        """Starts again what has ended by itself or was asked to stop."""
        while True:
            await asyncio.sleep(0.7)
            for machine in self._machines:
                machine.start()

    # -- its end -------------------------------------------------------------------------------------------------------

    async def _settle(self) -> list[str]:
        checker = self._checker()
        until = self._loop.time() + PATIENCE
        quiet_since = self._loop.time()
        while self._loop.time() - quiet_since < QUIET:
            if not self._is_quiet(checker):
                quiet_since = self._loop.time()
            if self._loop.time() > until:
                return [
                    f"not quiet after {PATIENCE:.0f} s",
                    *self._unexpected(),
                    *checker.offsets(),
                    *self._states(),
                    *checker.idle(self._open_tasks()),
                ]
            await asyncio.sleep(0.5)
        tasks = list(self._open_tasks())
        return [*self._unexpected(), *checker.outputs(), *checker.stores(tasks), *checker.offsets()]

    async def _stop(self) -> list[str]:
        """A clean stop must change nothing."""
        for machine in self._machines:
            machine.closed = True
            if machine.running is not None:
                machine.running.stopping.set()
        until = self._loop.time() + 20.0
        while any(machine.running is not None for machine in self._machines):
            if self._loop.time() > until:
                return ["no clean stop within 20 s", *self._states()]
            await asyncio.sleep(0.5)
        checker = self._checker()
        found = (*self._unexpected(), *checker.outputs(), *checker.offsets())
        return [f"after a clean stop: {problem}" for problem in found]

    def _is_quiet(self, checker: Checker) -> bool:
        running = [machine.running for machine in self._machines]
        if any(process is None or process.state != "running" for process in running):
            return False
        return (
            self._cluster.transactions.quiet
            and not any(checker.offsets())
            and not any(checker.idle(self._open_tasks()))
        )

    def _open_tasks(self) -> Iterator[RunningTask]:
        for machine in self._machines:
            process = machine.running
            if process is not None and process.tasks is not None:
                yield from process.tasks.open.values()

    def _states(self) -> Iterator[str]:
        for machine in self._machines:
            process = machine.process
            yield f"{machine.name} is {'gone' if process is None or process.ended else process.state}"

    def _unexpected(self) -> Iterator[str]:
        """What processes have ended with, where nothing that happened to them explains it."""
        for machine in self._machines:
            machine.note_end()
            for error in machine.ends:
                full = isinstance(error, StateError) and not isinstance(error, DamagedStateError)
                if not (full and self._faults.done["disk-full"]) and not isinstance(error, FencedError):
                    yield f"a process on {machine.name} ended with {error!r}"

    def _checker(self) -> Checker:
        plan = self._shape.plan
        plan = plan.with_changelogs(not_compacted(plan, self._cluster.topics))
        counts = {
            topic: self._partitions
            for sub in plan.subtopologies
            for topic in (
                *(source.topic for source in sub.sources if not source.internal),
                *(sink.topic for sink in sub.sinks if not sink.internal),
            )
        }
        counts |= partition_counts(plan, counts)
        expected = expect(plan, counts, self._fed, self._names.group)
        return Checker(plan, self._names, self._cluster, expected, self._shape.check, exactly_once=self._exactly_once)
