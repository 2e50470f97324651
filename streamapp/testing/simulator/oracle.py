"""What must come out: the engine alone, run over the whole input, task by task, with nothing that can go wrong.

Knows nothing of workers, clusters or commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streamapp.engine.queues import NEVER_WAIT, RecordQueues
from streamapp.engine.records import Output, Row
from streamapp.engine.specs import Plan, SinkSpec, SubTopology
from streamapp.engine.task import Task
from streamapp.kafka.partitioner import Partitioner
from streamapp.state import Identity, TaskState

At = tuple[str, int]

Key = tuple[Any, int | None]
"""A row's key and its window's start."""

Rows = dict[Key, tuple[Any, int]]
"""Value and timestamp of each row of a store."""

Result = tuple[int, bytes | None, bytes | None]
"""An output: timestamp, key, value."""


class Expected:
    """The stores by task and name, and the outputs by topic and partition."""

    def __init__(self) -> None:
        self.stores: dict[tuple[int, int], dict[str, Rows]] = {}
        self.outputs: dict[At, list[Result]] = defaultdict(list)


class _Running:
    """One task of the oracle."""

    def __init__(self, sub: SubTopology, partition: int, application: str) -> None:
        self.sub = sub
        self.partition = partition
        self.state = TaskState.open(None, sub.stores, Identity())
        self.task = Task(sub, partition, self.state.stores, application=application)
        sources = [(source.topic, partition) for source in sub.sources]
        internal = any(source.internal for source in sub.sources)
        self.queues = RecordQueues(sources, NEVER_WAIT if internal else 0)

    def add(self, topic: str, rows: Sequence[Row]) -> None:
        """Queues records of a source."""
        end = rows[-1][0] + 1 if rows else 0
        self.queues.add(topic, self.partition, self.task.stamp(topic, rows), end)
        self.queues.set_end(topic, self.partition, end)

    def results(self) -> Iterator[Output]:
        """Processes what is queued, one record at a time."""
        while (run := self.queues.take(0, 1)) is not None:
            topic, _, rows, _ = run
            if rows:
                self.task.process(topic, rows)
                yield from self.task.take_outputs()


def expect(plan: Plan, counts: Mapping[str, int], inputs: Mapping[At, Sequence[Row]], application: str) -> Expected:
    """Runs `plan` over `inputs`; `counts` are the partitions of every topic by the engine's names."""
    expected = Expected()
    tasks: dict[At, _Running] = {}
    every: list[_Running] = []
    for sub in plan.subtopologies:
        for partition in range(max(counts[source.topic] for source in sub.sources)):
            running = _Running(sub, partition, application)
            every.append(running)
            tasks |= {(source.topic, partition): running for source in sub.sources}
    for at, running in tasks.items():
        running.add(at[0], inputs.get(at, ()))
    _run(every, tasks, counts, expected)
    for running in every:
        running.task.expire()
        expected.stores[running.sub.number, running.partition] = {
            name: rows_of(running.state, name) for name in running.state.stores
        }
        running.state.close()
    return expected


def rows_of(state: TaskState, store: str) -> Rows:
    """The rows of a store."""
    return {(row.key, row.start): (row.value, row.timestamp) for row in state.scan(store)}


def _run(
    every: Sequence[_Running], tasks: Mapping[At, _Running], counts: Mapping[str, int], expected: Expected
) -> None:
    partitioners = {topic: Partitioner(count) for topic, count in counts.items()}
    offsets: dict[At, int] = defaultdict(int)
    busy = True
    while busy:
        busy = False
        for running in every:
            for index, timestamp, key, value, headers in running.results():
                busy = True
                sink = running.sub.sinks[index]
                at = sink.topic, partitioners[sink.topic](_routed(sink, key))
                if at in tasks:
                    tasks[at].add(sink.topic, [(offsets[at], timestamp, key, value, headers)])
                    offsets[at] += 1
                else:
                    expected.outputs[at].append((timestamp, key, value))


def _routed(sink: SinkSpec, key: bytes | None) -> bytes | None:
    return key if key is None or sink.partition_bytes is None else sink.partition_bytes(key)
