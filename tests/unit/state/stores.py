"""Task states for tests, in memory or on disk, with their logs in place of Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from streamapp.engine.records import Row
from streamapp.engine.specs import StoreSpec
from streamapp.engine.store import Undo, undo
from streamapp.formats import codec_for
from streamapp.state import Identity, Position, Query, TaskState
from streamapp.state.kinds import KindOfStore

Where = Literal["memory", "rocksdb"]

IDENTITY = Identity(cluster_id="cluster", topic_ids={"orders": "id-1"})


def key_value(name: str = "totals", key: Any = str, value: Any = int) -> StoreSpec:
    """A store of the last value per key."""
    return StoreSpec(name, "key-value", codec_for(key), codec_for(value))


def windows(name: str = "per-minute", key: Any = str, value: Any = int) -> StoreSpec:
    """A store of windows of 10 ms."""
    return StoreSpec(name, "window", codec_for(key), codec_for(value), retention=100, window_size=10)


class Stores:
    """A task state that can be closed and opened again: from its folder, and what that lacks from the logs."""

    def __init__(self, where: Where, folder: Path, *specs: StoreSpec) -> None:
        self.folder = None if where == "memory" else folder
        self.specs: Sequence[StoreSpec] = specs
        self.commits = 0
        self.logs: dict[str, list[Row]] = {}
        self.journal: Undo = []
        self.open()

    def open(self) -> None:
        """Opens it and restores what is missing."""
        self.state = TaskState.open(self.folder, self.specs, IDENTITY)
        known = self.state.position.changelogs if self.state.position else {}
        for spec in self.specs:
            log = self.logs.setdefault(spec.name, [])
            at = known.get(spec.name, 0)
            if at < len(log):
                self.state.restore(spec.name, log[at:], len(log))
        for store in self.state.stores.values():
            store.bind(self.journal)

    def commit(self) -> None:
        """Commits what is dirty, telling the logs first."""
        for store, changes in self.state.changes().items():
            log = self.logs[store]
            log.extend((len(log) + at, time, key, value, ()) for at, (key, value, time) in enumerate(changes))
        self.commits += 1
        ends = {store: len(log) for store, log in self.logs.items()}
        self.state.commit(Position({"orders": self.commits}, ends, {"clock": self.commits}, {}, 1))
        self.journal.clear()

    def reopen(self) -> None:
        """Closes and opens it."""
        self.state.close()
        self.journal.clear()
        self.open()

    def undo(self) -> None:
        """Takes back what was put since the last commit, undo or `keep`."""
        undo(self.journal)

    def keep(self) -> None:
        """What was put so far is not undone any more."""
        self.journal.clear()

    def __getitem__(self, store: str) -> Any:
        return self.state.stores[store]

    def only(self) -> Any:
        """The one store there is."""
        (store,) = self.state.stores.values()
        return store

    def committed(self, store: str) -> KindOfStore:
        """The store as readers beside the task see it."""
        return self.state.committed[store]

    def rows(self, store: str, query: Query | None = None) -> list[tuple[Any, ...]]:
        """Key, window start (where there is one) and value of the rows, in order."""
        found = self.state.scan(store, query or Query())
        return [(row.key, row.value) if row.start is None else (row.key, row.start, row.value) for row in found]
