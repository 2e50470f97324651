"""Stream time that goes on while nothing comes: what each step does then, and what a record does that comes later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamapp import (
    Processor,
    ProcessorContext,
    Record,
    Table,
    Topic,
    Topology,
    TopologyError,
    hopping,
    join_windows,
    session,
    sliding,
    stream,
    table,
    tumbling,
    until_time_limit,
    until_window_closes,
)
from streamapp.dsl.stream import End
from streamapp.engine.silence import Silence
from streamapp.errors import ProcessingError
from streamapp.testing.driver import TopologyDriver

WORDS = Topic("words", key=str, value=str)
OTHERS = Topic("others", key=str, value=str)
OUT = Topic("out", key=str, value=str)

TIMEOUT = 100


def text(key: Any, value: Any) -> tuple[str, str]:
    """A windowed result as two texts."""
    return key.key, f"{value} from {key.start}"


def driven(end: End, **options: Any) -> TopologyDriver:
    """A driver of a topology whose time goes on after 100 ms."""
    return TopologyDriver(Topology("quiet", end, idle_timeout_ms=TIMEOUT, **options))


def on_close(windows: Any) -> End:
    """Counts that are given when their windows close."""
    counts: Table[Any, int] = stream(WORDS).group_by_key().windowed_by(windows).count("counts", emit="close")
    return counts.to_stream().map(text).to(OUT)


def suppressed() -> End:
    """Counts that are held back until their windows close."""
    counts = stream(WORDS).group_by_key().windowed_by(tumbling(50)).count("counts")
    return counts.suppress(until_window_closes(), "last").to_stream().map(text).to(OUT)


def waiting() -> End:
    """A table whose changes wait 50 ms."""
    return table(WORDS, "rows").suppress(until_time_limit(50), "last").to_stream().to(OUT)


def unmatched() -> End:
    """Records that wait 50 ms for a partner."""
    within = join_windows(within=50)
    return stream(WORDS).left_join(stream(OTHERS), lambda one, two: f"{one} {two}", "pairs", within=within).to(OUT)


def buffered() -> End:
    """Records that wait 50 ms for rows that come late."""
    rows = table(OTHERS, "rows", history=100)
    return stream(WORDS).left_join(rows, lambda one, two: f"{one} {two}", "joined", grace=50).to(OUT)


def mortal() -> End:
    """Rows that live 50 ms."""
    return table(WORDS, "rows", ttl=50).to_stream().to(OUT)


class Telling(Processor[str, str, str, str]):
    """Tells the time every 50 ms of it."""

    def init(self, context: ProcessorContext[str, str]) -> None:
        """Schedules it."""
        self.context = context
        context.schedule(50, "stream_time", self.tell, start=1_050)

    def process(self, record: Record[str, str]) -> None:
        """Nothing."""

    def tell(self, now: int) -> None:
        """Passes on the time."""
        self.context.forward(Record("now", str(now), now, ()))


def told() -> End:
    """A punctuation by stream time."""
    return stream(WORDS).process(Telling, "telling").to(OUT)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (lambda: on_close(tumbling(50)), [("a", "1 from 1000")]),
        (lambda: on_close(hopping(50, advance=25)), [("a", "1 from 975"), ("a", "1 from 1000")]),
        (lambda: on_close(session(50)), [("a", "1 from 1000")]),
        (lambda: on_close(sliding(50)), [("a", "1 from 950")]),
        (suppressed, [("a", "1 from 1000")]),
        (waiting, [("a", "x")]),
        (unmatched, [("a", "x None")]),
        (buffered, [("a", "x None")]),
        (mortal, [("a", None)]),
        (told, [("now", "1100")]),
    ],
    ids=[
        "tumbling", "hopping", "session", "sliding", "suppress", "time-limit", "join", "buffer", "ttl", "punctuation",
    ],
)  # fmt: skip
def test_what_is_due_happens_without_a_record(end: Callable[[], End], expected: list[tuple[str, Any]]) -> None:
    """When as much time has passed as the timeout, not before; and once, also over a restart."""
    with driven(end()) as driver:
        driver.pipe(WORDS, "a", "x", 1_000)
        driver.pairs(OUT)
        driver.advance(TIMEOUT - 1)
        assert driver.pairs(OUT) == []
        driver.advance(1)
        assert driver.pairs(OUT) == expected
        driver.restart()
        driver.advance(1)
        assert driver.pairs(OUT) == []


def test_time_goes_on_by_what_has_passed() -> None:
    """Not by the timeout, and again after another one."""
    with driven(on_close(tumbling(500))) as driver:
        driver.pipe(WORDS, "a", "x", 1_000)
        driver.advance(499)
        driver.advance(99)
        assert driver.pairs(OUT) == []
        driver.advance(1)
        assert driver.pairs(OUT) == [("a", "1 from 1000")]


def test_each_record_begins_it_anew() -> None:
    """Of any topic, also one that is late or dropped."""
    with driven(unmatched()) as driver:
        driver.pipe(WORDS, "a", "x", 1_000)
        for _ in range(5):
            driver.advance(TIMEOUT - 1)
            driver.pipe(OTHERS, "b", "y", 900)
        assert driver.pairs(OUT) == []


def test_what_comes_after_it_may_be_late() -> None:
    """That is its price."""
    with driven(on_close(tumbling(50))) as driver:
        driver.pipe(WORDS, "a", "x", 1_000)
        driver.advance(TIMEOUT)
        driver.pipe(WORDS, "a", "x", 1_001)
        driver.pipe(WORDS, "b", "x", 1_100)
        driver.advance(TIMEOUT)
        assert driver.pairs(OUT) == [("a", "1 from 1000"), ("b", "1 from 1100")]
        assert driver.late == {"counts": 1}


def test_a_step_that_has_seen_nothing_stays() -> None:
    """There is no time it could go on from: the first record is not late."""
    with driven(on_close(tumbling(50))) as driver:
        driver.advance(10 * TIMEOUT)
        driver.pipe(WORDS, "a", "x", 10)
        driver.pipe(WORDS, "b", "x", 60)
        assert driver.pairs(OUT) == [("a", "1 from 0")]


def test_the_time_it_has_come_to_is_committed() -> None:
    """After a restart a record that was late then is late still."""
    with driven(on_close(tumbling(50))) as driver:
        driver.pipe(WORDS, "a", "x", 1_000)
        driver.advance(TIMEOUT)
        driver.restart()
        driver.pipe(WORDS, "a", "x", 1_001)
        assert driver.late == {"counts": 1}


def test_it_is_off_unless_asked_for() -> None:
    """Time is what the records say."""
    with TopologyDriver(Topology("quiet", on_close(tumbling(50)))) as driver:
        driver.pipe(WORDS, "a", "x", 1_000)
        driver.advance(1_000_000)
        assert driver.pairs(OUT) == []


def test_steps_behind_are_not_told_the_time_twice() -> None:
    """What a step passes on in silence does not move the clocks behind it that have gone on already."""
    counts = stream(WORDS).group_by_key().windowed_by(tumbling(50)).count("counts", emit="close")
    again = counts.to_stream().map(text).group_by_key("by-key").windowed_by(tumbling(1_000)).count("again")
    with driven(again.to_stream().map(text).to(OUT)) as driver:
        driver.pipe(WORDS, "a", "x", 1_000)
        driver.advance(TIMEOUT)
        driver.pipe(WORDS, "a", "x", 1_900)
        driver.advance(TIMEOUT)
        assert driver.pairs(OUT) == [("a", "1 from 1000"), ("a", "2 from 1000")]
        assert driver.late == {}


def test_what_fails_in_it_is_undone() -> None:
    """There is no record to be put aside: the topology fails, as in a punctuation."""

    def refuse(word: str) -> tuple[str, str]:
        raise ValueError("no")

    with driven(waiting_and(refuse)) as driver:
        driver.pipe(WORDS, "a", "x", 1_000)
        with pytest.raises(ProcessingError, match="refuse"):
            driver.advance(TIMEOUT)
        assert driver.table("last-store").keys() == {"a"}


def waiting_and(then: Callable[[str], tuple[str, str]]) -> End:
    """A table whose changes wait, and what is done with them."""
    return table(WORDS, "rows").suppress(until_time_limit(50), "last").to_stream().map(then).to(OUT)


def test_waiting_records_are_no_silence() -> None:
    """It begins when they are done with, and after a rollback."""
    silence = Silence(TIMEOUT)
    assert (silence.ends_at, silence.passed(0), silence.ends_at) == (None, 0, 100)
    silence.broken(60)
    assert (silence.passed(159), silence.passed(165), silence.ends_at) == (0, 105, 265)
    silence.begin()
    assert (silence.passed(1_000), silence.ends_at) == (0, 1_100)


def test_a_timeout_is_positive() -> None:
    """Or left out."""
    with pytest.raises(TopologyError, match="idle_timeout_ms=0: give 1 or more"):
        Topology("quiet", stream(WORDS).to(OUT), idle_timeout_ms=0)
