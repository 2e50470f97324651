"""Opens a task: its folder, believed or put aside and made anew, and its engine over the stores in it.

Knows nothing of which tasks are to be open, of where they begin, or of what their stores lack.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from streamapp.engine.queues import RecordQueues
from streamapp.engine.specs import Plan, SubTopology
from streamapp.engine.store import Store
from streamapp.engine.task import Task
from streamapp.errors import ConfigurationError
from streamapp.state import DamagedStateError, Identity, TaskState
from streamapp.state.disk import Disk
from streamapp.worker.accepted import Accepted
from streamapp.worker.assignment import TaskId
from streamapp.worker.clock import wall_clock
from streamapp.worker.names import task_name
from streamapp.worker.running import RunningTask, TopicPartition

logger = logging.getLogger(__name__)

Committed = Mapping[TopicPartition, tuple[int, str | None]]


class Opener:
    """Opens tasks of one plan, whose states lie in `folder`.

    `topics` gives, by Kafka's name of each source topic, the sub-topology that reads it and the engine's name.
    """

    def __init__(
        self,
        plan: Plan,
        application: str,
        topics: Mapping[str, tuple[SubTopology, str]],
        *,
        folder: Path,
        disk: Disk,
        identity: Identity,
        accepted: Accepted,
        global_stores: Mapping[str, Store],
    ) -> None:
        self._plan = plan
        self._application = application
        self._topics = topics
        self._folder = folder
        self._disk = disk
        self._identity = identity
        self._accepted = accepted
        self._global_stores = global_stores

    async def open(self, task_id: TaskId, committed: Committed, wait_s: float) -> RunningTask:
        """The task with the partitions that are in `committed`; waits up to `wait_s` seconds for its folder.

        `committed` holds (offset, metadata) of each, -1 where nothing was ever committed.
        """
        number, partition = task_id
        sub = self._plan.subtopologies[number]
        state = await self._open_state(sub, partition, committed, wait_s)
        task = Task(
            sub,
            partition,
            state.stores,
            application=self._application,
            on_error=self._plan.topology.on_error,
            global_stores=self._global_stores,
            limits=self._accepted.of(number),
        )
        topics = {physical: logical for physical, (owner, logical) in self._topics.items() if owner is sub}
        present = [logical for physical, logical in topics.items() if (physical, partition) in committed]
        queues = RecordQueues([(topic, partition) for topic in present], self._plan.topology.max_task_idle_ms)
        return RunningTask(sub, partition, task, state, queues, topics)

    async def _open_state(self, sub: SubTopology, partition: int, committed: Committed, wait_s: float) -> TaskState:
        path = self.folder_of((sub.number, partition))
        for _ in range(2):
            try:
                state = await asyncio.to_thread(self._disk.open, path, sub.stores, self._identity, wait_s)
            except DamagedStateError as error:
                logger.warning("%s; put aside as %s and rebuilt from the log", error, self._disk.put_aside(path))
                continue
            reason = distrust(state, partition, committed)
            if reason is None:
                return state
            state.close()
            logger.warning(
                "state folder %s %s; put aside as %s and rebuilt from the log", path, reason, self._disk.put_aside(path)
            )
        raise ConfigurationError(f"state folder {str(path)!r} cannot be opened even when made anew")

    def partitions_of(self, task_id: TaskId, counts: Mapping[str, int]) -> list[TopicPartition]:
        """The source partitions of a task, given the partition count of each topic."""
        number, partition = task_id
        return [
            (topic, partition)
            for topic, (sub, _) in self._topics.items()
            if sub.number == number and partition < counts[topic]
        ]

    def folder_of(self, task_id: TaskId) -> Path:
        """Where the state of a task lies."""
        return self._folder / task_name(*task_id)

    def put_aside(self, folder: Path) -> Path:
        """Renames a folder that cannot be believed, whose task is closed, and gives its new path."""
        return self._disk.put_aside(folder)

    def stored(self) -> list[TaskId]:
        """The tasks whose state lies in the folder."""
        found = []
        for sub in self._plan.subtopologies:
            for name in self._disk.folders(self._folder):
                subtopology, _, number = name.partition("_")
                if subtopology == str(sub.number) and number.isdigit():
                    found.append((sub.number, int(number)))
        return sorted(found)


def distrust(state: TaskState, partition: int, committed: Committed) -> str | None:
    """Why what a state says cannot be true of this cluster, if it cannot."""
    if state.position is None:
        return None
    for topic, offset in state.position.sources.items():
        known = committed.get((topic, partition), (-1, None))[0]
        if 0 <= known < offset:
            return f"is ahead of the group: it has {topic!r} up to {offset}, the group up to {known}"
    age = wall_clock() - state.position.committed_at
    if age > 12 * 3600 * 1000:
        return f"is {age / 3.6e6:.0f} hours old, so deletions may be gone from the changelog"
    return None
