"""What a running task counts and how far behind it is."""

from __future__ import annotations

from streamapp import MINUTE, Processor, ProcessorContext, Topic, Topology, stream, tumbling
from streamapp.engine.plan import plan
from streamapp.engine.queues import RecordQueues
from streamapp.engine.task import Task
from streamapp.formats import codec_for
from streamapp.state import Identity, TaskState
from streamapp.worker.metadata import TaskMetadata
from streamapp.worker.running import Counters, RunningTask

AT = ("events", 0)
EVENTS = Topic("events", key=str, value=str)
TOPOLOGY = Topology("t", stream(EVENTS).group_by_key().windowed_by(tumbling(MINUTE)).count("per-minute"))


def running(saved: TaskMetadata) -> RunningTask:
    """A task that goes on at offset 10."""
    (sub,) = plan(TOPOLOGY, codec_for).subtopologies
    state = TaskState.open(None, sub.stores, Identity())
    task = Task(sub, 0, state.stores, application="t")
    made = RunningTask(sub, 0, task, state, RecordQueues([AT]), {"events": "events"})
    made.begin_at({AT: 10}, {AT: 10}, [saved])
    return made


def process(task: RunningTask, *timestamps: int) -> None:
    """Runs a record at each timestamp."""
    task.task.process("events", [(0, timestamp, b"k", b"v", ()) for timestamp in timestamps])


def test_late_records_are_counted_here_and_in_all() -> None:
    """What was late before this process goes into the task's count, not into the process's."""
    task = running(TaskMetadata(times={"per-minute": 10 * MINUTE}, late={"per-minute": 100}))
    assert (task.late, task.done.late) == (100, 0)
    process(task, 0, MINUTE, 11 * MINUTE)
    assert (task.late, task.done.late) == (102, 2)


def test_counters_never_go_back_when_a_commit_is_undone() -> None:
    """Work that is undone and done again counts twice for the process, once for the task."""
    task = running(TaskMetadata(times={"per-minute": 10 * MINUTE}, late={"per-minute": 100}))
    process(task, 0, MINUTE)
    task.task.process("events", [(0, MINUTE, None, b"v", ())])
    task.roll_back()
    assert (task.late, task.done.late) == (100, 2)
    process(task, 0, MINUTE)
    assert (task.late, task.done.late, task.done.dropped) == (102, 4, 1)


def test_lag_is_what_lies_between_position_and_end() -> None:
    """Nothing while the end is not known; never less than nothing."""
    task = running(TaskMetadata())
    assert task.lag == 0
    task.set_end(AT, 25)
    assert task.lag == 15
    task.positions[AT] = 30
    assert task.lag == 0


def test_counters_add_up() -> None:
    """Field by field."""
    assert Counters(1, 2, 3, 4, 5) + Counters(10, 20, 30, 40, 50) == Counters(11, 22, 33, 44, 55)


RUN = ("events", 0, [(10, 0, b"k", b"v", ()), (12, 0, b"k", b"v", ()), (13, 0, b"k", b"v", ())], 15)


def test_a_run_that_is_put_back_comes_again_after_the_wait_from_its_record_on() -> None:
    """What is before it is done; nothing else of the task comes meanwhile."""
    task = running(TaskMetadata())
    task.enqueue(AT, 10, RUN[2], 15)
    task.set_end(AT, 15)
    run = task.take(0, 100)
    assert run == RUN
    task.put_back(run, 12, until=500)
    assert task.positions[AT] == 12
    assert task.dirty
    assert (task.take(499, 100), task.ready(499), task.due_in(499, 0)) == (None, False, 1)
    assert task.ready(500)
    again = task.take(500, 100)
    assert again == ("events", 0, RUN[2][1:], 15)
    task.complete(again)
    assert task.positions[AT] == 15
    assert (task.take(501, 100), task.due_in(501, 0)) == (None, None)


def test_what_was_put_back_is_fetched_again_after_a_roll_back() -> None:
    """It is not done twice, and nothing waits any more."""
    task = running(TaskMetadata())
    task.put_back(RUN, 12, until=500)
    task.roll_back()
    assert task.positions[AT] == 10
    assert (task.take(0, 100), task.ready(0), task.due_in(0, 0)) == (None, False, None)
    assert task.enqueue(AT, 10, RUN[2], 15)


def is_dirty(task: RunningTask) -> bool:
    """Asked anew each time."""
    return task.dirty


class Ticking(Processor[str, str, str, str]):
    """Wants to be called every 100 ms."""

    def init(self, context: ProcessorContext[str, str]) -> None:
        """Schedules."""
        context.schedule(100, "wall_clock", lambda now: None)


def test_a_punctuation_makes_a_task_dirty_without_a_record() -> None:
    """Its next time must be committed, since no position tells of it."""
    (sub,) = plan(Topology("t", stream(EVENTS).process(Ticking, "tick").to(EVENTS)), codec_for).subtopologies
    state = TaskState.open(None, sub.stores, Identity())
    task = RunningTask(
        sub, 0, Task(sub, 0, state.stores, application="t"), state, RecordQueues([AT]), {"events": "events"}
    )
    task.begin_at({AT: 10}, {AT: 10}, [])
    task.punctuate(1_000)
    task.committed_now(task.metadata())
    assert (task.is_due(1_099), task.due_in(0, 1_050), is_dirty(task)) == (False, 50, False)
    task.punctuate(1_099)
    assert not is_dirty(task)
    task.punctuate(1_250)
    assert (is_dirty(task), task.is_due(1_250)) == (True, False)
    task.roll_back()
    assert (is_dirty(task), task.is_due(1_100)) == (False, True)
