"""One task with all sub-topologies of a topology, as Kafka's own test driver has.

Of all records that wait, in the author's topics and in those between sub-topologies, the one with the lowest
timestamp is next, and everything an input causes happens before the next input. Inputs may come in batches,
records may be run several at a time, and a commit, a close and a reopening may come between any two runs: none
of it may change what comes out. Only where a task is sent again what came of its own records, as in foreign-key
joins, are they run one at a time: what is under way there shows in the results, in Kafka Streams too. Knows nothing
of cases.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, overload

from streamapp.dsl.topology import Topology
from streamapp.engine.plan import plan
from streamapp.engine.records import Output, Row
from streamapp.engine.specs import SinkSpec
from streamapp.testing.conformance.scalar import codec_for
from streamapp.testing.driven import DrivenTask
from streamapp.testing.driven_globals import DrivenGlobals


class Given(NamedTuple):
    """A record and the input that caused it, by its index."""

    cause: int
    row: Row


class Forwarded(NamedTuple):
    """A record that reached a sink, and the input that caused it."""

    cause: int
    sink: SinkSpec
    output: Output


class Machine:
    """Runs `topology` with its state in `folder`, or in memory when that is None.

    `size(waiting)` says how many of the records that wait in one topic are run at once; `restart()` whether a
    restart comes before the next run.
    """

    def __init__(
        self,
        topology: Topology,
        folder: Path | None,
        *,
        size: Callable[[int], int] = lambda waiting: 1,
        restart: Callable[[], bool] = lambda: False,
    ) -> None:
        self.forwarded: list[Forwarded] = []
        self._size, self._restart = size, restart
        planned = plan(topology, codec_for)
        place = folder / "global" if folder and planned.globals else None
        self._global_tables = DrivenGlobals(planned.globals, topology, "case", place)
        self._tasks = [
            DrivenTask(
                sub,
                topology,
                "case",
                folder / f"{sub.number}_0" if folder and sub.stores else None,
                self._global_tables,
            )
            for sub in planned.subtopologies
        ]
        self._readers = {source.topic: task for task in self._tasks for source in task.subtopology.sources}
        self._fed_back = {task for task in self._tasks if task in self._behind(task)}
        self._waiting: dict[str, deque[Given]] = {topic: deque() for topic in self._readers}
        self._offsets = dict.fromkeys(self._readers, 0)

    def pipe(self, topic: str, batch: Sequence[tuple[int, int, bytes | None, bytes | None]]) -> None:
        """Takes inputs of one topic (index, timestamp, key, value), and does all that they cause.

        What nobody reads is dropped; what a global table reads is there at once.
        """
        if topic in self._global_tables.topics:
            for _, timestamp, key, value in batch:
                self._global_tables.process(topic, (0, timestamp, key, value, ()))
            self._global_tables.commit()
        if topic in self._readers:
            for cause, timestamp, key, value in batch:
                self._enqueue(topic, cause, timestamp, key, value, ())
        while (chosen := self._next()) is not None:
            if self._restart():
                self._global_tables.reopen()
                for task in self._tasks:
                    task.reopen()
            self._run(chosen)
            self._readers[chosen].commit()

    def close(self) -> None:
        """Closes the stores."""
        self._global_tables.close()
        for task in self._tasks:
            task.close()

    def _next(self) -> str | None:
        """The topic whose records are next: of the earliest input first, then of the lowest timestamp."""
        heads = [(queue[0].cause, queue[0].row[1], at, topic) for at, (topic, queue) in self._heads()]
        return min(heads)[3] if heads else None

    def _heads(self) -> Iterator[tuple[int, tuple[str, deque[Given]]]]:
        return ((at, item) for at, item in enumerate(self._waiting.items()) if item[1])

    def _run(self, topic: str) -> None:
        queue, task = self._waiting[topic], self._readers[topic]
        given = [queue.popleft() for _ in range(self._size(self._unrivalled(topic)))]
        rows = _Rows([one.row for one in given], task.task.outputs)
        task.process(topic, rows, given[-1].row[0] + 1)
        for at, output in enumerate(task.task.take_outputs()):
            cause = given[rows.index_of(at)].cause
            sink = task.subtopology.sinks[output[0]]
            self.forwarded.append(Forwarded(cause, sink, output))
            if sink.topic in self._readers:
                self._enqueue(sink.topic, cause, *output[1:])

    def _behind(self, task: DrivenTask) -> set[DrivenTask]:
        """The tasks that are sent what comes of a task's records, directly or through others."""
        behind: set[DrivenTask] = set()
        todo = [task]
        while todo:
            readers = {self._readers.get(sink.topic) for sink in todo.pop().subtopology.sinks}
            fresh = {reader for reader in readers if reader is not None} - behind
            behind |= fresh
            todo += fresh
        return behind

    def _unrivalled(self, topic: str) -> int:
        """How many records of the topic may be run before those of any other that wait."""
        if self._readers[topic] in self._fed_back:
            return 1
        queue = self._waiting[topic]
        rival = min((other[0].cause for name, other in self._waiting.items() if other and name != topic), default=None)
        if rival is None:
            return len(queue)
        return max(1, sum(1 for given in queue if given.cause < rival))

    def _enqueue(
        self,
        topic: str,
        cause: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: tuple[tuple[str, bytes | None], ...],
    ) -> None:
        offset = self._offsets[topic]
        self._offsets[topic] = offset + 1
        self._waiting[topic].append(Given(cause, (offset, timestamp, key, value, headers)))


class _Rows(Sequence[Row]):
    """Records handed to a task at once, which note how much the task had put out when it took each."""

    def __init__(self, rows: Sequence[Row], outputs: Sequence[Output]) -> None:
        self._rows, self._outputs = rows, outputs
        self._marks: list[int] = []

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self._marks.append(len(self._outputs))
            yield row

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        return self._rows[at]

    def index_of(self, output: int) -> int:
        """Which record caused the output at that place."""
        return bisect_right(self._marks, output) - 1
