"""One task that runs again: a sub-topology on one partition, with stores in memory that are watched.

Knows nothing of other tasks, or of where records come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from streamapp.dsl.failure import OnError
from streamapp.engine.failure import RetryLaterError
from streamapp.engine.records import Output, Row
from streamapp.engine.specs import SubTopology
from streamapp.engine.task import Task
from streamapp.replay.watched import Note, Watched
from streamapp.state import Identity, Position, TaskState


class ReplayTask:
    """A task whose `process` tells what a record has put and what it has given out."""

    def __init__(
        self,
        subtopology: SubTopology,
        partition: int,
        *,
        application: str,
        on_error: OnError,
        global_stores: Mapping[str, Any],
        watched: frozenset[str],
    ) -> None:
        self.subtopology = subtopology
        self.partition = partition
        self.state = TaskState.open(None, subtopology.stores, Identity())
        self.failed = 0
        """Records that failed, as they would have gone to the dead letters."""
        self._notes: dict[int, Note] = {}
        stores = {
            name: Watched(store, self._notes) if name in watched else store for name, store in self.state.stores.items()
        }
        self.task = Task(
            subtopology,
            partition,
            stores,
            application=application,
            on_error=on_error,
            global_stores=global_stores,
            effects=False,
        )

    def process(self, topic: str, row: Row) -> tuple[list[Note], list[Output]]:
        """Processes a record, and what waits in the record cache because of it."""
        self._again(lambda: self.task.process(topic, (row,)))
        self._again(self.task.flush)
        self.failed += len(self.task.dead_letters)
        self.task.dead_letters.clear()
        notes = list(self._notes.values())
        self._notes.clear()
        return notes, self.task.take_outputs()

    def _again(self, step: Callable[[], object]) -> None:
        """At once where the author wants a record tried again later: its time has passed already."""
        again = True
        while again:
            try:
                step()
                again = False
            except RetryLaterError:
                continue

    def settle(self) -> None:
        """Lets what has expired go, and makes the rest readable as committed rows."""
        self.task.expire()
        self.state.commit(Position(sources={}, changelogs={}, times=self.task.times(), late={}, committed_at=0))

    def close(self) -> None:
        """Closes processors and stores."""
        self.task.close()
        self.state.close()
