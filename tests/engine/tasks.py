"""Tasks for tests: a sub-topology of a real topology on stores in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streamapp import Topology
from streamapp.engine.plan import plan
from streamapp.engine.records import Headers, Row
from streamapp.engine.task import Task
from streamapp.formats import codec_for
from streamapp.state import Identity, TaskState

Out = tuple[str, Any, Any, int]
"""Topic, key, value and timestamp of an output."""


@dataclass
class Bench:
    """A task, and its stores."""

    task: Task
    state: TaskState

    def process(self, topic: str, *rows: Row) -> list[Out]:
        """Processes rows at once; gives the outputs they cause, decoded."""
        self.task.process(topic, rows)
        return self.taken()

    def taken(self) -> list[Out]:
        """The outputs there are, decoded."""
        sinks = self.task.subtopology.sinks
        return [
            (
                sinks[index].topic,
                None if key is None else sinks[index].key.decode(key),
                None if value is None else sinks[index].value.decode(value),
                timestamp,
            )
            for index, timestamp, key, value, _ in self.task.take_outputs()
        ]

    def table(self, store: str) -> dict[Any, Any]:
        """The rows of a store; of windows by key and start."""
        return {row.key if row.start is None else (row.key, row.start): row.value for row in self.state.scan(store)}


def bench(topology: Topology, number: int = 0, *, partition: int = 0, application: str = "app") -> Bench:
    """The task of a sub-topology."""
    subtopology = plan(topology, codec_for).subtopologies[number]
    state = TaskState.open(None, subtopology.stores, Identity())
    task = Task(subtopology, partition, state.stores, application=application, on_error=topology.on_error)
    return Bench(task, state)


def row(offset: int, key: str | None, value: str | None, timestamp: int | None = None, headers: Headers = ()) -> Row:
    """A record of text; its timestamp is its offset unless one is given."""
    return (
        offset,
        offset if timestamp is None else timestamp,
        None if key is None else key.encode(),
        None if value is None else value.encode(),
        headers,
    )


def rows(*values: str, first: int = 0) -> Sequence[Row]:
    """Records of key `k` at consecutive offsets."""
    return [row(first + at, "k", value) for at, value in enumerate(values)]
