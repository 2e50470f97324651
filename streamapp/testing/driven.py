"""One task of a `TopologyDriver`, with its stores and, in place of Kafka, its changelogs.

Knows nothing of other tasks or of how a test talks to the driver.
"""

from __future__ import annotations

from pathlib import Path

from streamapp.dsl.topology import Topology
from streamapp.engine.queues import NEVER_WAIT, RecordQueues
from streamapp.engine.records import Output, Row
from streamapp.engine.specs import SubTopology
from streamapp.engine.task import DeadLetter, Task
from streamapp.state import Identity, Position, TaskState

PARTITION = 0

_IDENTITY = Identity(cluster_id="driver", topic_ids={}, format_version=1)


class DrivenTask:
    """A sub-topology on partition 0; its state lies in `folder`, or in memory when that is None."""

    def __init__(self, subtopology: SubTopology, topology: Topology, application: str, folder: Path | None) -> None:
        self.subtopology = subtopology
        self.dead_letters: list[DeadLetter] = []
        self._topology = topology
        self._application = application
        self._folder = folder
        self._queues = RecordQueues(
            [(source.topic, PARTITION) for source in subtopology.sources], max_task_idle_ms=NEVER_WAIT
        )
        self._logs: dict[str, list[Row]] = {spec.name: [] for spec in subtopology.stores}
        self._positions = {source.topic: 0 for source in subtopology.sources}
        self._saved = Position(sources={}, changelogs={}, times={}, late={}, committed_at=0)
        self.open()

    def open(self) -> None:
        """Opens the stores, restores what they lack from the changelogs, and brings the clocks back."""
        self.state = TaskState.open(self._folder, self.subtopology.stores, _IDENTITY)
        known = self.state.position.changelogs if self.state.position else {}
        for store, log in self._logs.items():
            start = known.get(store, 0)
            if start < len(log):
                self.state.restore(store, [row for row in log[start:] if self._kept(store, row)], len(log))
        self.task = Task(
            self.subtopology,
            PARTITION,
            self.state.stores,
            application=self._application,
            on_error=self._topology.on_error,
        )
        self.task.restore_times(self._saved.times)
        self.task.late.update(self._saved.late)

    def add(self, topic: str, row: Row) -> None:
        """Queues a record of a source topic."""
        for spec in self.subtopology.stores:
            if spec.source_topic == topic:
                self._logs[spec.name].append(row)
        self._queues.add(topic, PARTITION, [row], row[0] + 1)

    def step(self) -> list[Output] | None:
        """Processes the next run of what is queued; None when nothing is."""
        run = self._queues.take(0, 1_000)
        if run is None:
            return None
        topic, _, rows, self._positions[topic] = run
        self.task.process(topic, rows)
        self.dead_letters += self.task.dead_letters
        self.task.dead_letters.clear()
        return self.task.take_outputs()

    def commit(self) -> None:
        """Writes what is dirty to changelogs and stores, in the worker's order."""
        self.task.expire()
        for store, changes in self.state.changes().items():
            log = self._logs[store]
            if self._logged(store):
                log += [(len(log) + at, time, key, value, ()) for at, (key, value, time) in enumerate(changes)]
        self._saved = Position(
            sources=dict(self._positions),
            changelogs={store: len(log) for store, log in self._logs.items()},
            times=self.task.times(),
            late=dict(self.task.late),
            committed_at=0,
        )
        self.state.commit(self._saved)

    def _kept(self, store: str, row: Row) -> bool:
        """Whether a row of a store's log is for the store, which of a source topic not all are."""
        return all(
            source.keeps(row)
            for spec in self.subtopology.stores
            for source in self.subtopology.sources
            if spec.name == store and spec.source_topic == source.topic
        )

    def _logged(self, store: str) -> bool:
        return any(spec.name == store and spec.log == "changelog" for spec in self.subtopology.stores)

    def close(self) -> None:
        """Closes the stores; what was not committed is gone."""
        self.state.close()
