"""A whole topology that runs again: records of its topics in, in the order of time; changes and outputs told.

The next record is the one with the lowest timestamp among the heads of all partitions, and all it causes, through
repartition topics too, happens before the one after it. A partition that has not been given to its end is waited for.
Knows nothing of where records come from, or who is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from streamapp.engine.global_task import GlobalTask
from streamapp.engine.queues import RecordQueues
from streamapp.engine.records import Output, Row
from streamapp.engine.specs import Plan, SinkSpec
from streamapp.replay.change import Cause, Change, row_put
from streamapp.replay.task import ReplayTask
from streamapp.replay.watched import Note
from streamapp.state import Identity, Position, TaskState

Partitioner = Callable[[bytes | None], int]
"""The partition of a key."""

_AT_ONCE = 1_000
"""Records taken from one partition together, while no other's are older."""


class Replay:
    """The topology of `plan` under the name `application`, in memory.

    `widths` gives the partitions of every topic, internal ones by the engine's names, and `partitioner` makes what
    chooses one. `watch` names the tables whose changes go to `changed`; what is written to the author's topics goes
    to `wrote`, with its sink.
    """

    def __init__(
        self,
        plan: Plan,
        application: str,
        widths: Mapping[str, int],
        partitioner: Callable[[int], Partitioner],
        *,
        watch: Sequence[str] = (),
        changed: Callable[[Change], object] = lambda change: None,
        wrote: Callable[[SinkSpec, Output], object] = lambda sink, output: None,
    ) -> None:
        self.plan = plan
        self.global_state = TaskState.open(None, [spec.store for spec in plan.globals], Identity())
        self._watched = {table.name: table for table in plan.tables if table.name in watch}
        self._changed, self._wrote = changed, wrote
        self._globals = {spec.topic: spec for spec in plan.globals}
        self._global_task = GlobalTask(
            plan.globals, self.global_state.stores, application=application, on_error=plan.topology.on_error
        )
        self.tasks = {
            (sub.number, partition): ReplayTask(
                sub,
                partition,
                application=application,
                on_error=plan.topology.on_error,
                global_stores=self.global_state.stores,
                watched=frozenset(self._watched),
            )
            for sub in plan.subtopologies
            for partition in range(max(widths[source.topic] for source in sub.sources))
        }
        self._readers = {source.topic: sub.number for sub in plan.subtopologies for source in sub.sources}
        external = [source.topic for sub in plan.subtopologies for source in sub.sources if not source.internal]
        self._topics = list(dict.fromkeys([*self._globals, *external]))
        self._queues = RecordQueues([(topic, number) for topic in self._topics for number in range(widths[topic])])
        self._routes = {topic: partitioner(count) for topic, count in widths.items()}
        self._widths = widths
        self._inside: deque[tuple[str, int, Row, Cause]] = deque()
        self._next: dict[tuple[str, int], int] = {}

    @property
    def failed(self) -> int:
        """Records that failed, and would have gone to the dead letters."""
        return sum(task.failed for task in self.tasks.values()) + len(self._global_task.dead_letters)

    # -- records -------------------------------------------------------------------------------------------------------

    def set_end(self, topic: str, partition: int, end: int) -> None:
        """Tells where a partition is to end: until it has been given so far, others are not read beyond it."""
        self._queues.set_end(topic, partition, end)

    def begin(self, topic: str, partition: int, offset: int) -> None:
        """Tells where a partition begins."""
        self._queues.seek(topic, partition, offset)

    def add(self, topic: str, partition: int, rows: Sequence[Row], next_offset: int) -> None:
        """Queues consecutive records, behind which the partition goes on at `next_offset`."""
        number = self._readers.get(topic)
        if number is not None:
            rows = self.tasks[number, partition].task.stamp(topic, rows)
        self._queues.add(topic, partition, rows, next_offset)

    def run(self) -> None:
        """Processes all that is queued, as far as no partition must be waited for, and what it causes."""
        while (run := self._queues.take(0, _AT_ONCE)) is not None:
            topic, partition, rows, _ = run
            for row in rows:
                self._process(topic, partition, row)

    def _process(self, topic: str, partition: int, row: Row) -> None:
        cause = Cause(topic, partition, row[0])
        if topic in self._globals:
            self._keep(topic, row, cause)
        if topic in self._readers:
            self._through(topic, partition, row, cause)
        while self._inside:
            self._through(*self._inside.popleft())

    def _keep(self, topic: str, row: Row, cause: Cause) -> None:
        """Into a global table."""
        failed = len(self._global_task.dead_letters)
        self._global_task.process(topic, cause.partition, (row,))
        spec, (_, timestamp, key, value, _) = self._globals[topic], row
        if spec.table.name in self._watched and key is not None and len(self._global_task.dead_letters) == failed:
            put = (spec.key.decode(key), None if value is None else spec.value.decode(value), timestamp)
            self._changed(Change(spec.table, 0, row_put(spec.table, put), cause))

    def _through(self, topic: str, partition: int, row: Row, cause: Cause) -> None:
        """Through the task that reads it; what goes to repartition topics is queued."""
        task = self.tasks[self._readers[topic], partition]
        notes, outputs = task.process(topic, row)
        self._tell(partition, notes, cause)
        for output in outputs:
            sink = task.subtopology.sinks[output[0]]
            if sink.internal:
                self._inside.append((sink.topic, *self._placed(sink, output), cause))
            else:
                self._wrote(sink, output)

    def _tell(self, partition: int, notes: Sequence[Note], cause: Cause) -> None:
        for name, arguments in notes:
            table = self._watched[name]
            self._changed(Change(table, partition, row_put(table, arguments), cause))

    def _placed(self, sink: SinkSpec, output: Output) -> tuple[int, Row]:
        """The partition of a record in a repartition topic, and the record there."""
        _, timestamp, key, value, headers = output
        partition = None if sink.partitioner is None else sink.partitioner(key, value, self._widths[sink.topic])
        if partition is None:
            routed = key if key is None or sink.partition_bytes is None else sink.partition_bytes(key)
            partition = self._routes[sink.topic](routed)
        at = sink.topic, partition
        offset = self._next.get(at, 0)
        self._next[at] = offset + 1
        return partition, (offset, timestamp, key, value, headers)

    # -- what there is then --------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Makes the rows of all tables readable as committed ones."""
        for task in self.tasks.values():
            task.settle()
        self.global_state.commit(Position(sources={}, changelogs={}, times={}, late={}, committed_at=0))

    def close(self) -> None:
        """Closes all processors and stores."""
        for task in self.tasks.values():
            task.close()
        self.global_state.close()
