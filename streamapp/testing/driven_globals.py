"""The global tables of a driver of tests, with their rows and, in place of Kafka, their topics' logs.

Knows nothing of tasks or of how a test talks to the driver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamapp.dsl.topology import Topology
from streamapp.engine.global_task import GlobalTask
from streamapp.engine.records import Row
from streamapp.engine.specs import GlobalSpec
from streamapp.state import Identity, Position, TaskState

PARTITION = 0

_IDENTITY = Identity(cluster_id="driver")


class DrivenGlobals:
    """The rows of `specs`, which every task of the driver looks up; they lie in `folder`, or in memory."""

    def __init__(self, specs: Sequence[GlobalSpec], topology: Topology, application: str, folder: Path | None) -> None:
        self.specs = specs
        self._topology = topology
        self._application = application
        self._folder = folder
        self._logs: dict[str, list[Row]] = {spec.topic: [] for spec in specs}
        self.open()

    def open(self) -> None:
        """Opens the stores and restores what they lack from the topics."""
        self.state = TaskState.open(self._folder, [spec.store for spec in self.specs], _IDENTITY)
        known = self.state.position.changelogs if self.state.position else {}
        for spec in self.specs:
            log, start = self._logs[spec.topic], known.get(spec.store.name, 0)
            if start < len(log):
                self.state.restore(spec.store.name, log[start:], len(log))
        self.task = GlobalTask(
            self.specs, self.state.stores, application=self._application, on_error=self._topology.on_error
        )

    @property
    def stores(self) -> Mapping[str, Any]:
        """The stores by name, for tasks to look up; others after each `open`."""
        return self.state.stores

    @property
    def topics(self) -> Mapping[str, GlobalSpec]:
        """The global tables by topic."""
        return {spec.topic: spec for spec in self.specs}

    def process(self, topic: str, row: Row) -> None:
        """Keeps a record at once, as Kafka's own test driver does."""
        self.task.process(topic, PARTITION, [row])
        self._logs[topic].append(row)

    def commit(self) -> None:
        """Writes what is dirty to the stores."""
        known = {spec.store.name: len(self._logs[spec.topic]) for spec in self.specs}
        self.state.commit(Position(sources={}, changelogs=known, times={}, late={}, committed_at=0))

    def reopen(self) -> None:
        """Commits, closes and opens again; tasks must be opened again too."""
        self.commit()
        self.close()
        self.open()

    def close(self) -> None:
        """Closes the stores; what was not committed is gone."""
        self.state.close()
