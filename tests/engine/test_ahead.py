"""Records that are stamped far ahead of the clock: they fail alone, and no window closes for them."""

from __future__ import annotations

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
    stream,
    table,
    tumbling,
)
from streamapp.dsl.stream import End
from streamapp.errors import RecordAheadError
from streamapp.testing.driver import TopologyDriver

WORDS = Topic("words", key=str, value=str)
NAMES = Topic("names", key=str, value=str)
OUT = Topic("out", key=str, value=str)

NOW = 1_000_000
BOUND = 50


def text(key: Any, value: Any) -> tuple[str, str]:
    """A windowed result as two texts."""
    return key.key, f"{value} from {key.start}"


def closing() -> End:
    """Counts that are given when their windows of 100 ms close."""
    counts: Table[Any, int] = stream(WORDS).group_by_key().windowed_by(tumbling(100)).count("counts", emit="close")
    return counts.to_stream().map(text).to(OUT)


def driven(end: End, **options: Any) -> TopologyDriver:
    """A driver whose clock shows `NOW`."""
    return TopologyDriver(Topology("clocked", end, max_ahead_ms=BOUND, **options), wall_clock=NOW)


def test_a_record_too_far_ahead_closes_no_window_and_is_a_dead_letter() -> None:
    """Those at the bound and before it count, before and after it."""
    with driven(closing()) as driver:
        driver.pipe(WORDS, "a", "in time", timestamp=NOW)
        driver.pipe(WORDS, "a", "at the bound", timestamp=NOW + BOUND)
        driver.pipe(WORDS, "a", "ahead", timestamp=NOW + BOUND + 1)
        driver.pipe(WORDS, "a", "a day ahead", timestamp=NOW + 86_400_000)
        driver.pipe(WORDS, "a", "in time", timestamp=NOW + 1)
        assert driver.pairs(OUT) == []
        assert driver.late == {}
        assert [letter.row[1] for letter in driver.dead_letters] == [NOW + BOUND + 1, NOW + 86_400_000]
        assert [type(letter.exception) for letter in driver.dead_letters] == [RecordAheadError] * 2
        assert f"max_ahead_ms={BOUND}" in str(driver.dead_letters[0].exception)
        driver.advance(100)
        driver.pipe(WORDS, "b", "closes it", timestamp=NOW + 100)
        assert driver.pairs(OUT) == [("a", f"3 from {NOW}")]


def test_the_bound_moves_with_the_clock() -> None:
    """What was ahead is in time later."""
    with driven(stream(WORDS).to(OUT)) as driver:
        driver.pipe(WORDS, "a", "first", timestamp=NOW + 80)
        driver.advance(30)
        driver.pipe(WORDS, "a", "again", timestamp=NOW + 80)
        assert driver.pairs(OUT) == [("a", "again")]


def test_it_moves_no_time_of_punctuations() -> None:
    """A processor's stream time stays, too."""
    seen: list[int] = []

    class Timed(Processor[str, str, str, str]):
        def init(self, context: ProcessorContext[str, str]) -> None:
            context.schedule(10, "stream_time", seen.append)

        def process(self, record: Record[str, str]) -> None:
            pass

    with driven(stream(WORDS).process(Timed, "timed", key=str, value=str).to(OUT)) as driver:
        driver.pipe(WORDS, "a", "x", timestamp=NOW)
        driver.pipe(WORDS, "a", "x", timestamp=NOW + 86_400_000)
        assert max(seen) == NOW


def test_tables_take_records_of_any_time() -> None:
    """They are read again when their stores are restored, at another time."""
    joined = stream(WORDS).join(table(NAMES, "names"), lambda word, name: f"{word} {name}")
    with driven(joined.to(OUT)) as driver:
        driver.pipe(NAMES, "a", "Ada", timestamp=NOW + 86_400_000)
        driver.pipe(WORDS, "a", "hello", timestamp=NOW)
        assert driver.pairs(OUT) == [("a", "hello Ada")]


def test_without_a_bound_records_may_be_of_any_time() -> None:
    """As in Kafka Streams."""
    with TopologyDriver(Topology("free", stream(WORDS).to(OUT)), wall_clock=NOW) as driver:
        driver.pipe(WORDS, "a", "x", timestamp=NOW + 86_400_000)
        assert driver.pairs(OUT) == [("a", "x")]


def test_a_bound_before_now_is_refused() -> None:
    """Nothing could ever be in time."""
    with pytest.raises(TopologyError, match="max_ahead_ms=-1: give 0 or more"):
        Topology("clocked", stream(WORDS).to(OUT), max_ahead_ms=-1)
