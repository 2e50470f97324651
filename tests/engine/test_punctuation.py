"""Punctuation: when processors are called for time that has passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamapp import Processor, ProcessorContext, Record, Topic, Topology, key_value_store, stream
from streamapp.dsl.processor import Cancellable, TimeKind
from streamapp.errors import ProcessingError
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=int)
OUT = Topic("out", key=str, value=int)
SUMS = key_value_store("sums", key=str, value=int)


class Calling(Processor[str, int, str, int]):
    """Asks to be called every `interval` ms, and forwards when it was."""

    def __init__(self, kind: TimeKind, interval: int, start: int | None = None) -> None:
        self.kind, self.interval, self.start = kind, interval, start

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Schedules the calls."""
        self.context = context
        self.schedule: Cancellable = context.schedule(self.interval, self.kind, self.punctuate, start=self.start)

    def punctuate(self, now: int) -> None:
        """Forwards the time it was called with."""
        assert self.context.metadata is None
        self.context.forward(Record("called", now, now))

    def process(self, record: Record[str, int]) -> None:
        """Forwards the record; a negative value ends the calls."""
        self.context.forward(record)
        if record.value < 0:
            self.schedule.cancel()


def calling(kind: TimeKind, interval: int, start: int | None = None) -> Topology:
    """A topology of one processor that is called."""
    return Topology("t", stream(IN).process(lambda: Calling(kind, interval, start), "calling").to(OUT))


def test_a_call_comes_behind_the_record_that_makes_it_due() -> None:
    """And before the next one."""
    with TopologyDriver(calling("stream_time", 10)) as driver:
        for timestamp in (3, 9, 10, 35, 12, 40):
            driver.pipe(IN, "k", 1, timestamp=timestamp)
        assert [(record.key, record.timestamp) for record in driver.read(OUT)] == [
            ("k", 3),
            ("called", 3),
            ("k", 9),
            ("k", 10),
            ("called", 10),
            ("k", 35),
            ("called", 35),
            ("k", 12),
            ("k", 40),
            ("called", 40),
        ]


def test_records_run_at_once_are_punctuated_one_by_one() -> None:
    """A batch gives what its records give."""
    with TopologyDriver(calling("stream_time", 10)) as driver:
        rows = [(at, timestamp, b"k", b"1", ()) for at, timestamp in enumerate((3, 9, 10, 35))]
        (task,) = driver._tasks
        task.task.process("in", rows)
        assert [output[1] for output in task.task.take_outputs()] == [3, 3, 9, 10, 10, 35, 35]


@pytest.mark.parametrize(("kind", "first"), [("stream_time", 25), ("wall_clock", 25)])
def test_start_moves_the_first_call(kind: TimeKind, first: int) -> None:
    """The calls after it keep to its grid (KIP-1146)."""
    with TopologyDriver(calling(kind, 10, start=first)) as driver:
        for timestamp in (20, 25, 34, 36):
            driver.pipe(IN, "k", 1, timestamp=timestamp)
            driver.advance(timestamp - driver._wall_clock)
        assert [record.timestamp for record in driver.read(OUT) if record.key == "called"] == [25, 36]


def test_a_schedule_can_be_cancelled() -> None:
    """Also between two calls; its clock is gone with it."""
    with TopologyDriver(calling("stream_time", 10)) as driver:
        for timestamp, value in ((5, 1), (15, -1), (25, 1)):
            driver.pipe(IN, "k", value, timestamp=timestamp)
        assert [record.timestamp for record in driver.read(OUT) if record.key == "called"] == [5]
        (task,) = driver._tasks
        assert task.task.times() == {"topic:in": 25}


@pytest.mark.parametrize("kind", ["stream_time", "wall_clock"])
def test_a_restart_changes_nothing(kind: TimeKind) -> None:
    """When a call is due next is kept, so it comes neither earlier nor twice."""
    found: list[list[int]] = []
    for restarts in (False, True):
        with TopologyDriver(calling(kind, 10), wall_clock=100) as driver:
            for by in (4, 9, 1, 20, 5, 3):
                if restarts:
                    driver.restart()
                driver.pipe(IN, "k", 1, timestamp=driver._latest + by)
                driver.advance(by)
            found.append([record.timestamp for record in driver.read(OUT) if record.key == "called"])
    assert found[0] == found[1]
    assert len(found[0]) > 2


class Broken(Calling):
    """Fails when it is called, having changed a row."""

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Opens the store too."""
        super().init(context)
        self.sums = context.store(SUMS)

    def punctuate(self, now: int) -> None:
        """Changes a row and fails."""
        self.sums.put("k", now)
        super().punctuate(now)
        raise ValueError("no")


@pytest.mark.parametrize("kind", ["stream_time", "wall_clock"])
def test_a_call_that_fails_stops_the_task_and_leaves_no_trace(kind: TimeKind) -> None:
    """There is no record to put aside; the error names processor, time and function."""
    topology = Topology("t", stream(IN).process(lambda: Broken(kind, 10), "broken", stores=[SUMS]).to(OUT))
    with TopologyDriver(topology) as driver:
        step: Callable[[], Any] = lambda: driver.pipe(IN, "k", 1, timestamp=10)  # noqa: E731 - one of two ways
        if kind == "wall_clock":
            step = lambda: driver.advance(10)  # noqa: E731 - one of two ways
        with pytest.raises(ProcessingError, match=r"'broken:\w+:0' of partition 0 at 10 ms failed in Broken"):
            step()
        assert driver.table("sums") == {}


def test_calls_are_made_in_the_order_in_which_they_are_due() -> None:
    """Of several processors too."""
    source = stream(IN)
    slow = source.process(lambda: Calling("wall_clock", 7), "slow")
    fast = source.process(lambda: Calling("wall_clock", 5), "fast")
    topology = Topology(
        "t",
        slow.map_values(lambda value: 7, value=int).to(OUT),
        fast.map_values(lambda value: 5, value=int).to(OUT),
    )
    with TopologyDriver(topology) as driver:
        driver.advance(20)
        assert [record.value for record in driver.read(OUT)] == [5, 7]


def test_every_interval_is_positive() -> None:
    """The error names the processor."""
    with pytest.raises(ProcessingError, match="'calling' schedules every 0 ms"):
        TopologyDriver(calling("stream_time", 0))


def test_what_is_scheduled_in_a_call_may_be_called_at_once() -> None:
    """A new punctuation that is due already is called in the same turn."""

    class Twice(Calling):
        def punctuate(self, now: int) -> None:
            super().punctuate(now)
            if now < 20:
                self.context.schedule(5, "wall_clock", super().punctuate, start=now)

    with TopologyDriver(Topology("t", stream(IN).process(lambda: Twice("wall_clock", 10), "p").to(OUT))) as driver:
        driver.advance(10)
        assert [record.value for record in driver.read(OUT)] == [10, 10]
