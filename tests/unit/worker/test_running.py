"""What a running task counts and how far behind it is."""

from __future__ import annotations

from streamapp import MINUTE, Topic, Topology, stream, tumbling
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
