"""A task of this process: its engine task, its state, what is queued for it and how far it is.

Topics here are Kafka's names; the engine's own names for internal topics are translated at its door.
Knows nothing of transactions or groups.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

from streamapp.dsl.nodes_stream import Process
from streamapp.engine.queues import RecordQueues, Run
from streamapp.engine.records import Row
from streamapp.engine.specs import StoreSpec, SubTopology
from streamapp.engine.task import Task
from streamapp.state import TaskState
from streamapp.worker.metadata import TaskMetadata, merge_metadata
from streamapp.worker.names import task_name

logger = logging.getLogger(__name__)

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
    touched: bool = False
    """Whether something has happened since the last commit that no position tells of: a punctuation."""
    ended_by_us: set[str] = field(default_factory=set)
    """The stores whose log ends with a commit that was made here since the task was opened."""
    _started: bool = False
    """Whether the processors have been initialised."""
    _left: Run | None = None
    """What is left of a run of which a record is to be tried again."""
    _waits_until: int | None = None
    """Nothing of the task goes on before then, in ms of a clock that never goes back."""
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
        return self.touched or self.positions != self.committed

    @cached_property
    def has_processors(self) -> bool:
        """Whether an author's processors are among the steps, which may punctuate, or time may go on by itself."""
        processors = any(isinstance(node, Process) for node in self.subtopology.nodes)
        return processors or self.subtopology.idle_timeout_ms is not None

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

    def enqueue(self, at: TopicPartition, start: int, rows: Sequence[Row], next_offset: int) -> bool:
        """Queues what was fetched; false when it is not what comes next, as after a seek."""
        if start != self.fetched[at]:
            return False
        topic = self.topics[at[0]]
        self.queues.add(topic, at[1], self.task.stamp(topic, rows), next_offset)
        self.fetched[at] = next_offset
        return True

    # -- what comes next -------------------------------------------------------------------------------------------

    def take(self, now: int, limit: int) -> Run | None:
        """The next run of at most `limit` records; None when there is none, or the task waits.

        `now` in ms of a clock that never goes back.
        """
        if self._waits(now):
            return None
        left, self._left = self._left, None
        return left or self.queues.take(now, limit)

    def ready(self, now: int) -> bool:
        """Whether `take` would give something."""
        return not self._waits(now) and (self._left is not None or self.queues.ready(now))

    def _waits(self, now: int) -> bool:
        if self._waits_until is not None and now >= self._waits_until:
            self._waits_until = None
        return self._waits_until is not None

    def complete(self, run: Run) -> None:
        """Notes that a run has been processed."""
        topic, partition, _, next_offset = run
        self.positions[self.physical(topic), partition] = next_offset

    def put_back(self, run: Run, offset: int, until: int) -> None:
        """Keeps a run from `offset` on for later: its records before are processed, nothing goes on before `until`."""
        topic, partition, rows, next_offset = run
        self._left = (topic, partition, [row for row in rows if row[0] >= offset], next_offset)
        self.positions[self.physical(topic), partition] = offset
        self.wait(until)

    def wait(self, until: int) -> None:
        """Lets nothing of the task go on before `until`, in ms of a clock that never goes back."""
        self._waits_until = until

    def is_due(self, wall_clock: int) -> bool:
        """Whether a punctuation is due at `wall_clock` (ms)."""
        at = self.task.punctuates_at if self.has_processors and self._waits_until is None else None
        return at is not None and at <= wall_clock

    def due_in(self, now: int, wall_clock: int) -> int | None:
        """Milliseconds until the task has something to do by itself, as far as that is known."""
        if self._waits_until is not None:
            return max(0, self._waits_until - now)
        at = self.task.punctuates_at if self.has_processors else None
        return None if at is None else max(0, at - wall_clock)

    def punctuate(self, wall_clock: int) -> None:
        """Calls what is due at `wall_clock` (ms), and tells processors the time; the first time it initialises them."""
        if self.lag:
            self.task.not_idle(wall_clock)
        started, self._started = self._started, True
        self.touched = self.touched or not started or self.is_due(wall_clock)
        self.task.punctuate(wall_clock)

    def forget_queued(self) -> None:
        """Drops what is queued; it must be fetched again from `positions`."""
        self._left = self._waits_until = None
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
        self.touched = False

    def roll_back(self) -> None:
        """Back to the last commit: dirty state, times, queue and positions."""
        self.state.rollback()
        self.task.rollback(self.saved.times)
        self.touched = False
        self.positions = self.begin | self.committed
        self.forget_queued()
        self._restore_times()

    def _restore_times(self) -> None:
        self.counters.late = self.done.late  # the task's own count goes back, ours may not
        self._late_before = sum(self.saved.late.values())
        self.task.restore_times(self.saved.times)
        self.task.late.clear()
        self.task.late.update(self.saved.late)

    def close(self) -> None:
        """Closes the processors and the stores; what was not committed is gone."""
        try:
            self.task.close()
        except Exception:  # the author's code may raise anything, and the rest must be closed all the same
            logger.exception("task %s: a processor failed to close", self.name)
        finally:
            self.state.close()
