"""Every feature of the model through the real worker, with its state lost half-way: the results are the driver's."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from streamapp import Windowed
from streamapp.engine.plan import plan
from streamapp.engine.specs import Plan, SinkSpec, SourceSpec, StoreSpec
from streamapp.formats import codec_for
from streamapp.kafka.records import Row
from streamapp.state import Identity, TaskState
from streamapp.testing.driver import TopologyDriver
from tests.integration.worker import topics
from tests.integration.worker.conftest import Bench, opened
from tests.integration.worker.model_pipelines import CASES, Case, Event

Found = Mapping[str, list[tuple[int, Row]]]


@dataclass
class Done:
    """What a worker has left of all cases: records by topic, without the suffix of this run's topics."""

    bench: Bench
    records: Found

    def last_by_key(self, sink: SinkSpec) -> dict[Any, Any]:
        """The last value of each key; by time where a key's records are in several partitions."""
        records = self.records[sink.topic]
        if sink.partitioner is not None:
            records = sorted(records, key=lambda record: record[1][1])
        return {
            None if key is None else sink.key.decode(key): None if value is None else sink.value.decode(value)
            for _, (_, _, key, value, _) in records
        }


def planned(case: Case) -> Plan:
    """The plan of a case, with all its topics."""
    return plan(case.topology, codec_for, case.every_topic)


def sinks(topology: Plan) -> list[SinkSpec]:
    """Where a topology writes, internal topics left out."""
    return [sink for sub in topology.subtopologies for sink in sub.sinks if not sink.internal]


def lines(case: Case, part: Iterable[Event], suffix: str) -> Iterator[topics.Line]:
    """The input as bytes."""
    made = planned(case)
    sources: dict[str, SourceSpec | Any] = {one.topic: one for sub in made.subtopologies for one in sub.sources}
    sources |= {one.topic: one for one in made.globals}
    for topic, key, value, time in part:
        spec = sources[topic]
        yield topic + suffix, spec.key.encode(key), None if value is None else spec.value.encode(value), time


@pytest.fixture(scope="module")
def done(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """All cases, run by one worker, and by a second one after the state folder was deleted."""
    with opened(
        broker, tmp_path_factory.mktemp("model"), "tests.integration.worker.model_pipelines:TOPOLOGIES"
    ) as bench:
        suffix = bench.environment["PIPELINE_SUFFIX"]
        wanted = {
            name + suffix: (3 if name in case.wide else case.partitions, case.topics.get(name, {}))
            for case in CASES.values()
            for name in {*case.every_topic, *(sink.topic for sink in sinks(planned(case)))}
        }
        asyncio.run(topics.make(broker, wanted))
        for at in ("first", "second"):
            new = [line for case in CASES.values() for line in lines(case, getattr(case, at), suffix)]
            asyncio.run(topics.write(broker, new))
            bench.run("worker", "--until-end")
            if at == "first":
                shutil.rmtree(bench.folder / "state")
        letters = {f"{bench.prefix}-{name}-dead-letters" for name in CASES}
        found = asyncio.run(topics.read(broker, {*wanted, *letters}))
        yield Done(bench, {name.removesuffix(suffix): records for name, records in found.items()})


def driven(case: Case) -> TopologyDriver:
    """The same input through the driver."""
    driver = TopologyDriver(case.topology, topics=case.every_topic)
    for part in (case.first, case.second):
        for topic, key, value, time in part:
            driver.pipe(topic, key, value, time)
        driver.commit()
    return driver


@pytest.mark.parametrize("name", CASES)
def test_the_worker_gives_what_the_driver_gives(done: Done, name: str) -> None:
    """The last value of each key of each output, and no dead letter."""
    with driven(CASES[name]) as driver:
        for sink in sinks(planned(CASES[name])):
            expected = {record.key: record.value for record in driver.read(sink.topic)}
            assert expected
            assert done.last_by_key(sink) == expected
    assert done.records[f"{done.bench.prefix}-{name}-dead-letters"] == []


def rows_on_disk(bench: Bench, cluster_id: str, topology: Plan, store: StoreSpec) -> dict[Any, Any]:
    """The rows of a store in all tasks' folders, by key or window, as the driver gives them."""
    sub = topology.subtopologies[store.subtopology]
    stores = [one.store for one in topology.globals] if store.log == "global" else sub.stores
    suffix = bench.environment["PIPELINE_SUFFIX"]
    stores = [replace(one, source_topic=f"{one.source_topic}{suffix}") for one in stores]
    tasks = "global-*" if store.log == "global" else f"{sub.number}_*"
    size, rows = store.window_size or 0, {}
    for folder in (bench.folder / "state" / f"{bench.prefix}-{topology.topology.name}").glob(tasks):
        state = TaskState.open(folder, stores, Identity(cluster_id))
        for key, start, value, _ in state.scan(store.name):
            rows[key if start is None else Windowed(key, start, start + size)] = value
        state.close()
    return rows


@pytest.mark.parametrize("name", [name for name in CASES if planned(CASES[name]).tables])
def test_the_tables_are_those_of_the_driver(done: Done, broker: str, name: str) -> None:
    """All rows, after the second worker restored them and went on."""
    made = planned(CASES[name])
    with driven(CASES[name]) as driver:
        for table in made.tables:
            rows = rows_on_disk(done.bench, asyncio.run(topics.cluster_id(broker)), made, table.store)
            assert rows == driver.table(table.name), table.name


def test_an_author_chooses_the_partition(done: Done) -> None:
    """Each record is where the partitioner puts it."""
    for sink in sinks(planned(CASES["chosen"])):
        records = done.records[sink.topic]
        assert {number for number, _ in records} == {len(row[3] or b"") % 3 for _, row in records}
        assert all(number == len(row[3] or b"") % 3 for number, row in records)
