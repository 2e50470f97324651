"""Runs a topology in one process without Kafka, for tests: records in, records and table rows out.

Drives the very same tasks and stores as the worker, one partition per topic, and passes repartition topics on
by itself. Everything a `pipe` causes has happened when it returns. Knows nothing of brokers or clocks: time
is what the records say.

    with TopologyDriver(topology) as driver:
        driver.pipe(PAGE_VIEWS, "ada", PageView("/"), timestamp=1_000)
        assert driver.pairs(VIEWS_PER_USER) == [("ada", 1)]
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Literal

from streamapp.dsl.processor import Record
from streamapp.dsl.topic import Topic
from streamapp.dsl.topology import Topology
from streamapp.dsl.windows import Windowed
from streamapp.engine.failure import DeadLetter
from streamapp.engine.plan import plan
from streamapp.engine.records import Headers, Output
from streamapp.engine.specs import GlobalSpec, SinkSpec, SourceSpec
from streamapp.errors import NotFoundError
from streamapp.formats import codec_for
from streamapp.state.table_reader import Parts, TableReaders
from streamapp.state.table_rows import rows_of
from streamapp.testing.driven import DrivenTask
from streamapp.testing.driven_globals import DrivenGlobals


class TopologyDriver:
    """One task per sub-topology, on partition 0.

    `store="rocksdb"` keeps state in `path`, or in a temporary folder. Topics are given as `Topic` values or
    by name; repartition topics by their own name, without an application's prefix. `topics` names those that
    patterns may match, `wall_clock` (ms) is the time at the start, which only `advance` moves. Raises
    `NotFoundError` for names the topology does not have.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        store: Literal["memory", "rocksdb"] = "memory",
        path: Path | None = None,
        application: str = "test",
        topics: Collection[str] = (),
        wall_clock: int = 0,
    ) -> None:
        self.topology = topology
        self.plan = plan(topology, codec_for, topics)
        self._wall_clock = wall_clock
        self._temporary = TemporaryDirectory() if store == "rocksdb" and path is None else None
        folder = Path(self._temporary.name) if self._temporary else path
        self._global_tables = DrivenGlobals(
            self.plan.globals, topology, application, folder / "global" if folder else None
        )
        self._tasks = [
            DrivenTask(sub, topology, application, folder / f"{sub.number}_0" if folder else None, self._global_tables)
            for sub in self.plan.subtopologies
        ]
        self._readers = {source.topic: task for task in self._tasks for source in task.subtopology.sources}
        self._sources: dict[str, SourceSpec | GlobalSpec] = dict(self._global_tables.topics) | {
            source.topic: source for task in self._tasks for source in task.subtopology.sources
        }
        self._written: dict[str, list[tuple[SinkSpec, Output]]] = {
            sink.topic: [] for sub in self.plan.subtopologies for sink in sub.sinks
        }
        self._offsets = dict.fromkeys(self._sources, 0)
        self._latest = 0
        self.advance(0)

    def pipe(
        self,
        topic: Topic[Any, Any] | str,
        key: Any,
        value: Any,
        timestamp: int | None = None,
        headers: Headers = (),
    ) -> None:
        """Sends a record to a source topic; `timestamp` (ms) None: the highest so far, at first 0.

        Returns when everything it causes has happened. Raises `ProcessingError` when it fails and the
        topology's policy is to fail.
        """
        source = self._source(topic)
        self.pipe_bytes(
            topic,
            None if key is None else source.key.encode(key),
            None if value is None else source.value.encode(value),
            timestamp,
            headers,
        )

    def pipe_bytes(
        self,
        topic: Topic[Any, Any] | str,
        key: bytes | None,
        value: bytes | None,
        timestamp: int | None = None,
        headers: Headers = (),
    ) -> None:
        """As `pipe`, with a key and value as they stand in Kafka."""
        self._source(topic)
        timestamp = self._latest if timestamp is None else timestamp
        self._latest = max(self._latest, timestamp)
        if _name(topic) in self._global_tables.topics:
            self._global_tables.process(_name(topic), (0, timestamp, key, value, headers))
            return
        self._enqueue(_name(topic), timestamp, key, value, headers)
        self._run()

    def advance(self, by: int) -> None:
        """Moves the wall clock `by` ms on; punctuations that become due are called, once each."""
        self._wall_clock += by
        for task in self._tasks:
            self._deliver(task, task.punctuate(self._wall_clock))
        self._run()

    def read(self, topic: Topic[Any, Any] | str) -> list[Record[Any, Any]]:
        """The records written to a topic since the last `read` of it, decoded, in order."""
        name = _name(topic)
        if name not in self._written:
            raise NotFoundError(f"nothing writes to {name!r}; sinks are {sorted(self._written)}")
        taken, self._written[name] = self._written[name], []
        return [_decoded(sink, output) for sink, output in taken]

    def pairs(self, topic: Topic[Any, Any] | str) -> list[tuple[Any, Any]]:
        """Key and value of the records `read` gives."""
        return [(record.key, record.value) for record in self.read(topic)]

    def table(self, name: str) -> dict[Any, Any]:
        """The rows of a table now, committed or not; of a windowed one by `Windowed` keys."""
        for task in self._tasks:
            for spec in task.subtopology.stores:
                if spec.name == name:
                    size = spec.window_size or 0
                    return {
                        key if start is None else Windowed(key, start, start + size): value
                        for key, start, value, _ in task.state.scan(name)
                    }
        for found in self.plan.globals:
            if found.store.name == name:
                return {key: value for key, _, value, _ in self._global_tables.state.scan(name)}
        names = sorted(spec.name for spec in self.plan.stores)
        raise NotFoundError(f"topology {self.topology.name!r} has no table {name!r}; it has {names}")

    @property
    def reader(self) -> TableReaders:
        """Called with a `Table`, or its name: the typed reader of its rows as they are now, committed or not.

        The same as `Application.table` of a worker, which gives committed rows.
        """
        return TableReaders(self.topology.name, self.plan.tables, self._parts)

    def _parts(self, name: str) -> Parts:
        (spec,) = (table for table in self.plan.tables if table.name == name)
        if spec.store.log == "global":
            return Parts([rows_of(spec, self._global_tables.stores, {})], ())
        task = self._tasks[spec.store.subtopology]
        return Parts([rows_of(spec, task.state.stores, task.task.times())], ())

    @property
    def dead_letters(self) -> list[DeadLetter]:
        """Records that could not be decoded or processed, by sub-topology, in order."""
        return [letter for task in self._tasks for letter in task.dead_letters]

    @property
    def late(self) -> dict[str, int]:
        """Records dropped as late, by the name of the operator's store."""
        return {name: count for task in self._tasks for name, count in task.task.late.items()}

    @property
    def dropped(self) -> dict[str, int]:
        """Records dropped for a null key or value since the last (re)start, by operator."""
        return {name: count for task in self._tasks for name, count in task.task.dropped.items()}

    def commit(self) -> None:
        """Commits every task: what waits is passed on, expired windows go, dirty rows reach changelogs and stores."""
        self._settle()
        self._global_tables.commit()
        for task in self._tasks:
            task.commit()

    def restart(self) -> None:
        """Commits, closes and opens everything again; state in memory comes back from the changelogs."""
        self._settle()
        self._global_tables.reopen()
        for task in self._tasks:
            task.reopen()
        self.advance(0)

    def close(self) -> None:
        """Closes the stores and removes a temporary folder."""
        self._global_tables.close()
        for task in self._tasks:
            task.close()
        if self._temporary:
            self._temporary.cleanup()

    def __enter__(self) -> TopologyDriver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        """Lets the tasks work in turn until none has anything left to do."""
        busy = True
        while busy:
            turns = [self._step(task) for task in self._tasks]
            busy = any(turns)

    def _settle(self) -> None:
        """Passes on what waits in record caches, and what that causes, until nothing waits."""
        busy = True
        while busy:
            turns = [self._flush(task) for task in self._tasks]
            self._run()
            busy = any(turns)

    def _flush(self, task: DrivenTask) -> bool:
        outputs = task.flush()
        self._deliver(task, outputs)
        return bool(outputs)

    def _step(self, task: DrivenTask) -> bool:
        outputs = task.step()
        self._deliver(task, outputs or ())
        return outputs is not None

    def _deliver(self, task: DrivenTask, outputs: Iterable[Output]) -> None:
        for output in outputs:
            index, timestamp, key, value, headers = output
            sink = task.subtopology.sinks[index]
            self._written[sink.topic].append((sink, output))
            if sink.topic in self._readers:
                self._enqueue(sink.topic, timestamp, key, value, headers)

    def _enqueue(self, topic: str, timestamp: int, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        offset = self._offsets[topic]
        self._offsets[topic] = offset + 1
        self._readers[topic].add(topic, (offset, timestamp, key, value, headers))

    def _source(self, topic: Topic[Any, Any] | str) -> SourceSpec | GlobalSpec:
        try:
            return self._sources[_name(topic)]
        except KeyError:
            raise NotFoundError(
                f"topology {self.topology.name!r} does not read {_name(topic)!r}; it reads {sorted(self._sources)}"
            ) from None


def _name(topic: Topic[Any, Any] | str) -> str:
    return topic if isinstance(topic, str) else topic.name


def _decoded(sink: SinkSpec, output: Output) -> Record[Any, Any]:
    _, timestamp, key, value, headers = output
    return Record(
        None if key is None else sink.key.decode(key),
        None if value is None else sink.value.decode(value),
        timestamp,
        headers,
    )
