"""What becomes of records that fail: the author's policy, for all or for each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streamapp import (
    Failure,
    Processor,
    ProcessorContext,
    Record,
    Retry,
    Topic,
    Topology,
    TopologyError,
    retrying,
    stream,
)
from streamapp.dsl.failure import Decision, OnError
from streamapp.engine.failure import RetryLaterError
from streamapp.errors import ProcessingError
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=int)
OUT = Topic("out", key=str, value=int)
COUNTS = Topic("counts", key=str, value=int)


def tenth(value: int) -> int:
    """10 divided by the value; 0 fails."""
    return 10 // value


def topology(on_error: OnError, step: Callable[[int], int] = tenth) -> Topology:
    """A topology that counts what it passes on."""
    values = stream(IN).map_values(step, value=int)
    return Topology("t", values.to(OUT), values.group_by_key().count("n").to_stream().to(COUNTS), on_error=on_error)


def test_a_record_may_be_left_out() -> None:
    """It is counted, and leaves nothing else."""
    with TopologyDriver(topology("skip")) as driver:
        driver.pipe(IN, "a", 0)
        driver.pipe(IN, "a", 5)
        assert driver.pairs(OUT) == [("a", 2)]
        assert driver.dead_letters == []
        assert driver.dropped == {"on_error": 1}


def test_a_function_is_told_all_about_the_record() -> None:
    """As it stands in Kafka, with the stage and the function it failed in."""
    told: list[Failure] = []

    def decide(failure: Failure) -> Decision:
        told.append(failure)
        return "dead_letter" if failure.stage == "process" else "skip"

    with TopologyDriver(topology(decide)) as driver:
        driver.pipe(IN, "a", 5)
        driver.pipe(IN, "a", 0, timestamp=7, headers=(("h", b"x"),))
        driver.pipe_bytes(IN, b"a", b"five", timestamp=8)
        assert len(driver.dead_letters) == 1
        assert driver.dropped == {"on_error": 1}
    first, second = told
    assert (first.stage, first.topic, first.partition, first.offset, first.timestamp) == ("process", "in", 0, 1, 7)
    assert (first.key, first.value, first.headers, first.attempt) == (b"a", b"0", (("h", b"x"),), 1)
    assert isinstance(first.exception, ZeroDivisionError)
    assert str(first.function).startswith("tenth (")
    assert (second.stage, second.value, second.function) == ("decode", b"five", None)


def test_a_result_that_cannot_be_written_is_a_failure_of_its_own_stage() -> None:
    """KIP-1033's serialization errors; the state change of the record is undone like its other results."""
    told: list[Failure] = []

    def decide(failure: Failure) -> Decision:
        told.append(failure)
        return "skip"

    def wrong(value: int) -> int:
        return float("nan") if value == 0 else value  # type: ignore[return-value]

    out = Topic("floats", key=str, value=float)
    values = stream(IN).map_values(wrong, value=float)
    ends = (values.group_by_key().count("n").to_stream().to(COUNTS), values.to(out))
    with TopologyDriver(Topology("t", *ends, on_error=decide)) as driver:
        driver.pipe(IN, "a", 0)
        driver.pipe(IN, "a", 1)
        assert driver.pairs(COUNTS) == [("a", 1)]
    assert [failure.stage for failure in told] == ["produce"]


def test_a_record_is_tried_again_as_often_as_the_policy_says() -> None:
    """And processed once it works; nothing of the failed attempts remains."""
    calls: list[int] = []

    def flaky(value: int) -> int:
        calls.append(value)
        if value == 0 and calls.count(0) < 3:
            raise OSError("not yet")
        return value

    with TopologyDriver(topology(retrying(3, after=100), flaky)) as driver:
        for value in (1, 0, 2):
            driver.pipe(IN, "a", value)
        assert driver.pairs(OUT) == [("a", 1), ("a", 0), ("a", 2)]
        assert driver.pairs(COUNTS) == [("a", 1), ("a", 2), ("a", 3)]
    assert calls == [1, 0, 0, 0, 2]


def test_a_record_that_never_works_comes_to_the_last_outcome() -> None:
    """After so many attempts, for each record anew."""
    with TopologyDriver(topology(retrying(3))) as driver:
        for value in (0, 0, 5):
            driver.pipe(IN, "a", value)
        assert [letter.row[0] for letter in driver.dead_letters] == [0, 1]
        assert driver.pairs(OUT) == [("a", 2)]


def test_a_retry_tells_when_and_where_to_go_on() -> None:
    """Whoever runs the task waits longer each time; the records before stay done, and one is not run twice."""
    with TopologyDriver(topology(retrying(4, after=100, factor=3))) as driver:
        (task,) = driver._tasks
        rows = [(at, 0, b"a", value, ()) for at, value in enumerate((b"5", b"0", b"2"))]
        for after in (100, 300, 900):
            with pytest.raises(RetryLaterError, match=f"failed in tenth .* tried again in {after} ms") as raised:
                task.task.process("in", rows)
            assert (raised.value.topic, raised.value.offset, raised.value.after) == ("in", 1, after)
            rows = [row for row in rows if row[0] >= raised.value.offset]
        task.task.process("in", rows)
        assert [output[3] for output in task.task.take_outputs() if output[0] == 0] == [b"2", b"5"]
        assert len(task.task.dead_letters) == 1


def test_only_the_errors_named_are_tried_again() -> None:
    """Nor is what cannot be read: it would not be read better the next time."""
    with TopologyDriver(topology(retrying(errors=OSError, then="skip"))) as driver:
        driver.pipe(IN, "a", 0)
        driver.pipe_bytes(IN, b"a", b"five")
        assert driver.dropped == {"on_error": 2}


@pytest.mark.parametrize(("attempts", "after", "factor"), [(1, 0, 1.0), (2, -1, 1.0), (2, 0, 0.5)])
def test_numbers_that_make_no_sense_are_refused(attempts: int, after: int, factor: float) -> None:
    """The error says what makes sense."""
    with pytest.raises(TopologyError, match="give 2 attempts or more"):
        retrying(attempts, after=after, factor=factor)


def test_a_function_that_fails_or_gives_nonsense_stops_the_topology() -> None:
    """The error names the record, its error and the function's."""

    def broken(failure: Failure) -> Decision:
        raise KeyError("policy")

    with (
        TopologyDriver(topology(broken)) as driver,
        pytest.raises(ProcessingError, match=r"ZeroDivisionError.*; and on_error itself failed: KeyError: 'policy'"),
    ):
        driver.pipe(IN, "a", 0)
    with (
        TopologyDriver(topology(lambda failure: "ignore")) as driver,  # type: ignore[arg-type, return-value]
        pytest.raises(ProcessingError, match=r"and on_error gave 'ignore': let it give 'dead_letter'"),
    ):
        driver.pipe(IN, "a", 0)


class Punctual(Processor[str, int, str, int]):
    """Fails whenever it is called."""

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Schedules the calls."""
        self.context = context
        context.schedule(10, "wall_clock", self.punctuate)

    def process(self, record: Record[str, int]) -> None:
        """Passes records on."""
        self.context.forward(record)

    def punctuate(self, now: int) -> None:
        """Fails, having forwarded something."""
        self.context.forward(Record("a", now, now))
        raise ValueError("no")


@pytest.mark.parametrize("decision", ["skip", "fail", "dead_letter", Retry(5)])
def test_a_punctuation_can_only_be_left_out(decision: Decision) -> None:
    """There is no record to put aside, and its next time comes by itself."""
    told: list[Failure] = []

    def decide(failure: Failure) -> Decision:
        told.append(failure)
        return decision

    ends = stream(IN).process(Punctual, "punctual").to(OUT)
    with TopologyDriver(Topology("t", ends, on_error=decide)) as driver:
        if decision == "skip":
            driver.advance(10)
            driver.advance(10)
            assert driver.pairs(OUT) == []
            assert driver.dropped == {"on_error": 2}
        else:
            with pytest.raises(
                ProcessingError, match=r"'punctual:wall_clock:0' of partition 0 at 10 ms failed in Punct"
            ):
                driver.advance(10)
    assert (told[0].stage, told[0].topic, told[0].offset) == ("punctuate", "punctual:wall_clock:0", 10)
