"""One round of work: a run of records for each task that has one, and what is due by the clock.

Work goes through the agent of its sub-topology, in slices that keep the event loop alive. Knows nothing of groups,
commits or how tasks come and go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from streamapp.engine.failure import RetryLaterError
from streamapp.engine.queues import Run
from streamapp.engine.records import Row
from streamapp.errors import StreamappError
from streamapp.worker.accepted import Accepted
from streamapp.worker.channel import Batch, BatchDroppedError
from streamapp.worker.clients import Clients
from streamapp.worker.clock import elapsed, monotonic, wall_clock
from streamapp.worker.culprit import Culprit
from streamapp.worker.failpoints import reach
from streamapp.worker.outputs import Outputs
from streamapp.worker.pace import Pace
from streamapp.worker.running import RunningTask

RUN = 5_000
"""Records an agent gets at once."""

SHARE = 0.25
"""Of the transaction's timeout a round may take: a rebalance or a commit waits for no longer, and commits in time."""

_NOTHING: Run = ("", 0, (), 0)


class Channel(Protocol):
    """How a batch reaches whoever holds its sub-topology: a `BatchChannel`."""

    async def run(self, batch: Batch) -> None:
        """Hands a batch over and waits until it is completed; raises what the holder raised."""
        ...


class Rounds:
    """Runs the tasks of one topology, each through the channel of its sub-topology.

    A round that has taken a share of `timeout`, a transaction's in seconds, ends with the slice it is at.
    """

    def __init__(self, channels: Mapping[int, Channel], outputs: Outputs, accepted: Accepted, timeout: float) -> None:
        self._channels = channels
        self._outputs = outputs
        self._accepted = accepted
        self._seconds = timeout * SHARE
        self._ends = 0.0
        self._last: tuple[int, int] | None = None  # the task at which time was up; the next one begins
        self._paces: dict[int, Pace] = {}
        self.culprit = Culprit(RUN)

    def start(self, task: RunningTask, clients: Clients) -> None:
        """Initialises the processors of a task whose stores are complete, and calls what is due."""
        if task.has_processors:
            self._punctuate(task, clients)

    async def run(self, tasks: Iterable[RunningTask], clients: Clients) -> None:
        """One run for each task that has one, or something that is due; one in all while a culprit is looked for.

        Those that time has not been enough for come first in the next round.
        """
        self._ends = monotonic() + self._seconds
        for task in self._in_turn(list(tasks)):
            run = task.take(elapsed(), self.culprit.size or task.task.asks_for or RUN)
            if run is not None and not run[2]:
                task.complete(run)  # only over offsets that hold no record
            elif run is not None or task.is_due(wall_clock()):
                topic, _, rows, _ = run or _NOTHING
                self.culprit.note(task.id, topic, rows[0][0] if rows else 0, len(rows))
                await clients.guarantee.begin()
                reach("before-process")
                await self._hand_over(task, Batch(partial(self._process, task, run, clients), topic))
                if self.culprit.size is not None:
                    return
                if self._is_over:
                    self._last = task.id
                    return

    def _in_turn(self, tasks: list[RunningTask]) -> list[RunningTask]:
        last, self._last = self._last, None
        first = next((place + 1 for place, task in enumerate(tasks) if task.id == last), 0)
        return tasks[first:] + tasks[:first]

    @property
    def _is_over(self) -> bool:
        return monotonic() >= self._ends

    def flush(self, task: RunningTask, clients: Clients) -> None:
        """Passes on what waits in the task's record cache, before a commit; raises as `Task.flush` does."""
        self._accepted.advance(task.subtopology.number, wall_clock())
        try:
            task.task.flush()
        except RetryLaterError as later:
            task.wait(elapsed() + later.after)
            raise
        finally:
            self._outputs.send(task, clients.writer)

    async def _hand_over(self, task: RunningTask, batch: Batch) -> None:
        """Lets the agent of the task's sub-topology process a batch."""
        try:
            await self._channels[task.subtopology.number].run(batch)
        except (StreamappError, BatchDroppedError):
            raise
        except Exception as error:
            raise BatchDroppedError(f"the agent of task {task.name} failed: {error!r}") from error

    async def _process(self, task: RunningTask, run: Run | None, clients: Clients) -> None:
        """What the agent does with a batch: its task, in slices, and what that gave out to the writer."""
        if task.has_processors:
            self._punctuate(task, clients)
        if run is not None:
            await self._process_rows(task, run, clients)
        reach("after-process")
        await clients.writer.pump()
        reach("outputs-sent")

    async def _process_rows(self, task: RunningTask, run: Run, clients: Clients) -> None:
        topic, _, rows, _ = run
        pace = self._paces.setdefault(task.subtopology.number, Pace())
        start = 0
        while start < len(rows):
            part = rows[start : start + pace.rows]
            await task.task.ask(topic, part)
            began = monotonic()
            self._tell_time(task)
            later = self._process_slice(task, topic, part, clients)
            if later is not None:
                _put_back(task, run, later.offset, later.after)
                return
            pace.learn(len(part), monotonic() - began)
            start += len(part)
            await asyncio.sleep(0)
            if self._is_over and start < len(rows):
                _put_back(task, run, rows[start][0], 0)
                return
        task.counters.records_in += len(rows)
        task.complete(run)

    def _tell_time(self, task: RunningTask) -> None:
        now = wall_clock()
        self._accepted.advance(task.subtopology.number, now)
        task.task.tell(now)

    def _process_slice(
        self, task: RunningTask, topic: str, rows: Sequence[Row], clients: Clients
    ) -> RetryLaterError | None:
        """Processes records; gives what says that one of them is to be tried again later."""
        try:
            if self.culprit.refused:
                self._process_around(task, topic, rows)
            else:
                task.task.process(topic, rows)
        except RetryLaterError as later:
            return later
        finally:
            self._outputs.send(task, clients.writer)
        return None

    def _process_around(self, task: RunningTask, topic: str, rows: Sequence[Row]) -> None:
        """Processes records but for those whose results Kafka has refused."""
        for row in rows:
            error = self.culprit.refused.get((task.id, topic, row[0]))
            if error is None:
                task.task.process(topic, (row,))
            else:
                task.task.refuse(topic, row, error)

    def _punctuate(self, task: RunningTask, clients: Clients) -> None:
        now = wall_clock()
        self._accepted.advance(task.subtopology.number, now)
        task.punctuate(now)
        self._outputs.send(task, clients.writer)


def _put_back(task: RunningTask, run: Run, offset: int, after: int) -> None:
    """Leaves the rest of a run, from `offset` on, for `after` ms later."""
    task.put_back(run, offset, elapsed() + after)
    task.counters.records_in += sum(row[0] < offset for row in run[2])
