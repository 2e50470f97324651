"""One task of a driver of tests, with its stores and, in place of Kafka, its changelogs.

Knows nothing of other tasks or of how a test talks to the driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from streamapp.dsl.topology import Topology
from streamapp.engine.failure import DeadLetter, RetryLaterError
from streamapp.engine.queues import NEVER_WAIT, RecordQueues
from streamapp.engine.records import Output, Row
from streamapp.engine.source_log import taken
from streamapp.engine.specs import SubTopology
from streamapp.engine.task import Task
from streamapp.state import Identity, Position, TaskState
from streamapp.testing.driven_globals import DrivenGlobals

PARTITION = 0

_IDENTITY = Identity(cluster_id="driver")


class DrivenTask:
    """A sub-topology on partition 0; its state lies in `folder`, or in memory when that is None."""

    def __init__(
        self,
        subtopology: SubTopology,
        topology: Topology,
        application: str,
        folder: Path | None,
        global_tables: DrivenGlobals,
    ) -> None:
        self.subtopology = subtopology
        self.dead_letters: list[DeadLetter] = []
        self._topology = topology
        self._application = application
        self._folder = folder
        self._global_tables = global_tables
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
        self.task = Task(
            self.subtopology,
            PARTITION,
            self.state.stores,
            application=self._application,
            on_error=self._topology.on_error,
            global_stores=self._global_tables.stores,
        )
        for spec in self.subtopology.stores:
            log, start = self._logs[spec.name], known.get(spec.name, 0)
            if start < len(log):
                self.state.restore(spec.name, taken(spec, log[start:]), len(log))
        self.task.restore_times(self._saved.times)
        self.task.late.update(self._saved.late)

    def add(self, topic: str, row: Row) -> None:
        """Queues a record of a source topic."""
        self._queues.add(topic, PARTITION, self.task.stamp(topic, [row]), row[0] + 1)

    def step(self) -> list[Output] | None:
        """Processes the next run of what is queued; None when nothing is."""
        run = self._queues.take(0, 1_000)
        if run is None:
            return None
        topic, _, rows, goes_on_at = run
        self.process(topic, rows, goes_on_at)
        return self.task.take_outputs()

    def process(self, topic: str, rows: Sequence[Row], goes_on_at: int) -> None:
        """Processes consecutive records of a source topic; the outputs stay in the task."""
        self._positions[topic] = goes_on_at
        left = rows
        while left:
            try:
                self._ask(topic, left)
                self.task.process(topic, left)
                break
            except RetryLaterError as later:  # at once: a test's time does not pass by itself
                left = [row for row in left if row[0] >= later.offset]
        for spec in self.subtopology.stores:
            if spec.source_topic == topic:
                self._logs[spec.name].extend(rows)
        self.dead_letters += self.task.dead_letters
        self.task.dead_letters.clear()

    def _ask(self, topic: str, rows: Sequence[Row]) -> None:
        """Has what is asynchronous answered, in a loop of its own: a test may have one already."""
        if self.task.asks_for is not None:
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, self.task.ask(topic, rows)).result()

    def punctuate(self, now: int) -> list[Output]:
        """Calls what is due at the wall-clock time `now` (ms)."""
        self.task.tell(now)
        self.task.punctuate(now)
        return self.task.take_outputs()

    def flush(self) -> list[Output]:
        """Passes on what waits in the record cache."""
        while True:
            try:
                self.task.flush()
                break
            except RetryLaterError:  # at once: a test's time does not pass by itself
                continue
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

    def reopen(self) -> None:
        """Commits, closes and opens again: state in memory comes back from the changelogs."""
        self.commit()
        self.close()
        self.open()

    def _logged(self, store: str) -> bool:
        return any(spec.name == store and spec.log == "changelog" for spec in self.subtopology.stores)

    def close(self) -> None:
        """Closes the processors and the stores; what was not committed is gone."""
        self.task.close()
        self.state.close()
