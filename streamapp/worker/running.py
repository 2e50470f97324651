"""A task of this process: its engine task, its state, what is queued for it and how far it is.

Topics here are Kafka's names; the engine's own names for internal topics are translated at its door.
Knows nothing of transactions or groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace

from streamapp.engine.queues import RecordQueues
from streamapp.engine.records import Row
from streamapp.engine.specs import StoreSpec, SubTopology
from streamapp.engine.task import Task
from streamapp.state import TaskState
from streamapp.worker.metadata import TaskMetadata, merge_metadata
from streamapp.worker.names import task_name

TopicPartition = tuple[str, int]


@dataclass
class Counters:
    """What a task has done since it was opened here; what was undone and done again counts twice."""

    records_in: int = 0
    records_out: int = 0
    late: int = 0
    dropped: int = 0
    dead_letters: int = 0

    def __add__(self, other: Counters) -> Counters:
        names = [field.name for field in fields(self)]
        return Counters(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass
class RunningTask:
    """One task; `positions` is the next offset to process, `committed` the one a restart would begin at."""

    subtopology: SubTopology
    partition: int
    task: Task
    state: TaskState
    queues: RecordQueues
    topics: Mapping[str, str]
    """Kafka's name of each source topic, to the engine's."""
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    """What the group has of it; a partition nobody has ever committed is not in it."""
    begin: dict[TopicPartition, int] = field(default_factory=dict)
    """Where it went on when it was opened."""
    fetched: dict[TopicPartition, int] = field(default_factory=dict)
    """The next offset to be fetched: everything before it is processed or queued."""
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    """Where its source partitions end for readers of committed records, as far as that is known."""
    counters: Counters = field(default_factory=Counters)
    saved: TaskMetadata = field(default_factory=TaskMetadata)
    """Times and counts as of the last commit."""
    _late_before: int = 0
    """Of the late records the task knows of, those that were not counted here."""

    @property
    def id(self) -> tuple[int, int]:
        """Sub-topology and partition."""
        return self.subtopology.number, self.partition

    @property
    def name(self) -> str:
        """`0_3`."""
        return task_name(*self.id)

    @property
    def partitions(self) -> list[TopicPartition]:
        """The source partitions it reads."""
        return [(topic, self.partition) for topic in self.topics]

    @property
    def dirty(self) -> bool:
        """Whether a commit would change anything."""
        return self.positions != self.committed

    @property
    def lag(self) -> int:
        """Offsets between what is processed and the ends of the source partitions, as far as those are known."""
        return sum(max(0, self.ends.get(at, position) - position) for at, position in self.positions.items())

    @property
    def late(self) -> int:
        """Records that came too late for their window, ever."""
        return sum(self.task.late.values())

    @property
    def done(self) -> Counters:
        """All counters as they stand now."""
        late = self.counters.late + self.late - self._late_before
        return replace(self.counters, late=late, dropped=sum(self.task.dropped.values()))

    @property
    def log_ends(self) -> Mapping[str, int]:
        """Where each store's log stood at the last commit."""
        position = self.state.position
        return position.changelogs if position else {}

    def logs_to_changelog(self, store: str) -> bool:
        """Whether a store's rows go to a changelog, rather than being rebuilt from a source topic."""
        return any(spec.name == store and spec.log == "changelog" for spec in self.subtopology.stores)

    def physical(self, topic: str) -> str:
        """Kafka's name of a source topic the engine calls `topic`."""
        return next(physical for physical, logical in self.topics.items() if logical == topic)

    def source_of(self, spec: StoreSpec) -> str:
        """Kafka's name of the source topic that is the log of `spec`."""
        return self.physical(str(spec.source_topic))

    def begin_at(
        self,
        begin: Mapping[TopicPartition, int],
        committed: Mapping[TopicPartition, int],
        saved: Iterable[TaskMetadata],
    ) -> None:
        """Sets where it goes on after being opened, and the times it had there."""
        self.begin = dict(begin)
        self.positions = dict(begin)
        self.committed = dict(committed)
        self.saved = merge_metadata(saved)
        self.forget_queued()
        self._restore_times()

    def enqueue(self, at: TopicPartition, start: int, rows: list[Row], next_offset: int) -> bool:
        """Queues what was fetched; false when it is not what comes next, as after a seek."""
        if start != self.fetched[at]:
            return False
        self.queues.add(self.topics[at[0]], at[1], rows, next_offset)
        self.fetched[at] = next_offset
        return True

    def forget_queued(self) -> None:
        """Drops what is queued; it must be fetched again from `positions`."""
        for (topic, partition), position in self.positions.items():
            self.queues.seek(self.topics[topic], partition, position)
        self.fetched = dict(self.positions)

    def set_end(self, at: TopicPartition, end: int) -> None:
        """Tells where a source partition ends for readers of committed records."""
        self.ends[at] = end
        self.queues.set_end(self.topics[at[0]], at[1], end)

    def metadata(self, ends: Mapping[str, int] | None = None) -> TaskMetadata:
        """What the next commit stores beside the offsets."""
        return TaskMetadata(self.task.times(), dict(self.task.late), dict(ends or {}))

    def committed_now(self, saved: TaskMetadata) -> None:
        """The positions and `saved` are what a restart would find."""
        self.committed = dict(self.positions)
        self.saved = saved

    def roll_back(self) -> None:
        """Back to the last commit: dirty state, times, queue and positions."""
        self.state.rollback()
        self.task.rollback(self.saved.times)
        self.positions = self.begin | self.committed
        self.forget_queued()
        self._restore_times()

    def _restore_times(self) -> None:
        self.counters.late = self.done.late  # the task's own count goes back, ours may not
        self._late_before = sum(self.saved.late.values())
        self.task.restore_times(self.saved.times)
        self.task.late.clear()
        self.task.late.update(self.saved.late)
