"""One fault's place: topics and group of its own on a broker, its input, its workers, and what came out.

Knows nothing of what goes wrong in it.
"""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from streamapp.kafka import Admin, BatchProducer, BatchWriter, Partitioner
from streamapp.kafka.records import Row
from streamapp.settings import Guarantee
from tests.chaos.checking import Findings, check_once, check_running, check_table, highest
from tests.chaos.events import Input, Sent
from tests.chaos.reading import passed, read_topic, table, updates, windows
from tests.chaos.rows import Outcome
from tests.chaos.workers import Worker, start_worker, until

TopicPartition = tuple[str, int]

TIMES = {"STREAMAPP_SESSION_TIMEOUT": "6", "STREAMAPP_HEARTBEAT_INTERVAL": "1", "STREAMAPP_TRANSACTION_TIMEOUT": "6"}
"""Shorter than by default, so that takeovers take seconds; 6 s is the least a broker allows a session."""


SLICES = 20


class Scene:
    """A broker's corner with a name of its own; opened by `async with`, which also ends all workers."""

    def __init__(
        self,
        bootstrap: str,
        folder: Path,
        seed: int,
        partitions: int = 4,
        replicas: int = 1,
        *,
        topology: str = "chaos",
        guarantee: Guarantee = "exactly_once",
    ) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.input = Input(seed)
        self.random = self.input.random
        self.partitions = partitions
        self.outcome = Outcome()
        self.prefix = f"c{uuid.uuid4().hex[:8]}"
        self.topology = topology
        self.group = f"{self.prefix}-{topology}"
        self.events, self.passed, self.totals = (f"{name}-{self.prefix}" for name in ("events", "passed", "totals"))
        self.dead_letters = f"{self.group}-dead-letters"
        self.repartition = f"{self.group}-by-group-repartition"
        self.changelogs = {store: f"{self.group}-{store}-changelog" for store in ("total", "per-group")}
        self.workers: list[Worker] = []
        self.produced = 0
        self.topic_config: dict[str, str] = {}
        self.events_config: dict[str, str] = {}
        self.repeats = guarantee == "at_least_once"
        self._guarantee = guarantee
        self._producer: BatchProducer | None = None
        self._replicas = replicas

    # -- life ------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Scene:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.admin = await Admin.connect(self.bootstrap)
        for topic, own in ((self.passed, self.topic_config), (self.totals, {})):
            await self._make(topic, own)
        await self.make_events()
        self._partitioner = Partitioner(self.partitions)
        return self

    async def make_events(self) -> None:
        """Makes the topic of the input, and what writes to it."""
        if self._producer is not None:
            await self._producer.stop()
        await self._make(self.events, self.events_config)
        self._producer = BatchProducer(bootstrap_servers=self.bootstrap)
        await self._producer.start()
        largest = int(self.events_config.get("max.message.bytes", 1_000_000))
        self._writer = BatchWriter(self._producer, limits={self.events: largest})

    async def _make(self, topic: str, own: Mapping[str, str]) -> None:
        config = {"retention.ms": "-1", "message.timestamp.after.max.ms": str(2**63 - 1)}
        await self.admin.create(topic, self.partitions, {**config, **own}, self._replicas)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.kill()
        if self._producer is not None:
            await self._producer.stop()
        if error is None:
            made = [name for name in await self.admin.list() if self.prefix in name]
            await self.admin.delete_topics(made)
        await self.admin.__aexit__(kind, error, trace)

    # -- input -----------------------------------------------------------------------------------------------------

    async def feed(self, count: int, length: int = 0) -> None:
        """Puts the next events on the topic."""
        await self.put(self.input.take(count, length))

    async def trickle(self, count: int) -> None:
        """Puts the next events on the topic in twenty portions within a second, so that there are many commits."""
        for part in range(SLICES):
            await self.feed(count * (part + 1) // SLICES - count * part // SLICES)
            await asyncio.sleep(1 / SLICES)

    async def put(self, records: Iterable[Sent]) -> None:
        """Puts records on the topic, each at its key's partition."""
        for at, record in enumerate(records):
            partition = self._partitioner(record.key)
            self._writer.put(self.events, partition, record.timestamp, record.key, record.value, record.headers)
            self.produced += 1
            if at % 2000 == 0:
                await self._writer.pump()
                await asyncio.sleep(0)
        await self._writer.flush()

    # -- workers ---------------------------------------------------------------------------------------------------

    def state(self, place: str = "a") -> Path:
        """The state folder of the workers at `place`."""
        return self.folder / f"state-{place}"

    def tasks(self, place: str = "a") -> list[Path]:
        """The state folders of the tasks there."""
        return sorted(path for path in (self.state(place) / self.group).glob("?_*") if path.name[-1].isdigit())

    def start(self, place: str = "a", *arguments: str, **environment: str) -> Worker:
        """Starts a worker; those at one place share a state folder."""
        return self._start(place, arguments, environment, None)

    def start_limited(self, file_size: int, *arguments: str, **environment: str) -> Worker:
        """Starts a worker none of whose files may exceed so many bytes."""
        return self._start("a", arguments, environment, file_size)

    def _start(
        self, place: str, arguments: Iterable[str], environment: Mapping[str, str], file_size: int | None
    ) -> Worker:
        settings = TIMES | {
            "STREAMAPP_BOOTSTRAP_SERVERS": self.bootstrap,
            "STREAMAPP_APPLICATION": self.prefix,
            "STREAMAPP_TOPOLOGIES": "tests.chaos.topologies:TOPOLOGIES",
            "STREAMAPP_STATE_DIR": str(self.state(place)),
            "STREAMAPP_WEB_PORT": "0",
            "STREAMAPP_GUARANTEE": self._guarantee,
            "STREAMAPP_COMMIT_INTERVAL": "0.1",
            "STREAMAPP_REPLICATION_FACTOR": str(self._replicas),
            "CHAOS_SUFFIX": f"-{self.prefix}",
        }
        name = f"worker-{len(self.workers)}-{place}"
        command = [self.topology, "run", *arguments]
        worker = start_worker(command, {**settings, **environment}, self.folder, name, file_size=file_size)
        self.workers.append(worker)
        return worker

    async def run_to_the_end(self, place: str = "a", **environment: str) -> Worker:
        """Runs a worker until everything is processed; raises when it does not end well."""
        worker = self.start(place, "--until-end", **environment)
        code = await worker.ended()
        if code != 0:
            raise AssertionError(f"a run to the end ended with {code}:\n{worker.log[-3000:]}")
        return worker

    async def stop_all(self) -> None:
        """Ends all workers by SIGTERM, one after the other, and has another finish what they have begun.

        What waits in the repartition topic is work, too.
        """
        for worker in self.workers:
            worker.send(signal.SIGTERM)
            await worker.ended()
        await self.run_to_the_end()

    # -- how far it is ---------------------------------------------------------------------------------------------

    async def committed(self) -> int:
        """How many records of the input the group has committed."""
        offsets = await self.admin.committed(self.group)
        return sum(offset for (topic, _), (offset, _) in offsets.items() if topic == self.events)

    async def beyond(self, count: int, within: float = 120.0) -> float:
        """Waits until more than `count` records are committed, and gives the seconds it took."""

        async def more() -> bool:
            return await self.committed() > count

        return await until(more, f"a commit beyond {count}; {self._last_log()}", within)

    async def drained(self, within: float = 240.0) -> None:
        """Waits until all of the input is committed, and all that it put into the repartition topic.

        A worker that is gone may have held tasks of the second sub-topology only: nobody else's commits tell of it.
        """

        async def done() -> bool:
            return await self.committed() >= self.produced

        await until(done, f"all {self.produced} records; {self._last_log()}", within)
        ends = await self._repartitioned()

        async def also_done() -> bool:
            offsets = await self.admin.committed(self.group)
            return all(offsets.get(at, (0, ""))[0] >= end for at, end in ends.items())

        await until(also_done, f"all of {self.repartition}, {ends}; {self._last_log()}", within)

    async def _repartitioned(self) -> dict[TopicPartition, int]:
        """Where the repartition topic ends now, records of open transactions included; a topology may have none."""
        if self.repartition not in await self.admin.list():
            return {}
        return await self.admin.ends([(self.repartition, number) for number in range(self.partitions)])

    def _last_log(self) -> str:
        return f"the last worker said:\n{self.workers[-1].log[-1500:]}" if self.workers else "no worker runs"

    # -- what came out ---------------------------------------------------------------------------------------------

    async def read(self, topic: str) -> dict[int, list[Row]]:
        """Everything committed on a topic, by partition."""
        async with asyncio.timeout(120):
            return await read_topic(self.bootstrap, self.admin, topic)

    async def check(self) -> Findings:
        """All checks of outputs, updates and tables; notes them in the outcome."""
        data = self.input
        self.outcome.expected = len(data.good)
        updated = await self.read(self.totals)
        logs = {store: await self.read(topic) for store, topic in self.changelogs.items()}
        repeats = self.repeats
        latest = highest(updates(updated)) if repeats else dict(updates(updated))
        found = (
            check_once("outputs", data.sequences, passed(await self.read(self.passed)), repeats=repeats)
            | check_running("total", updates(updated), repeats=repeats)
            | check_table("the last updates", data.totals(), latest)
            | check_table("total", data.totals(), table(logs["total"]))
            | check_table("per-group", data.per_group(), windows(logs["per-group"]), repeats=repeats)
        )
        self.outcome.findings = self.outcome.findings | found
        return found
