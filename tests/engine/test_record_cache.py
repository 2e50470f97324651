"""The record cache: changes of tables wait for the commit, and only the last one of each key goes on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamapp import (
    Record,
    Session,
    Table,
    Topic,
    Topology,
    TopologyError,
    hopping,
    session,
    sliding,
    stream,
    table,
)
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=str)
OUT = Topic("out", key=str, value=str)
COUNTS = Topic("out", key=str, value=int)
SESSIONS = Topic("out", key=Session[str], value=int)

MUCH = 10_000_000
Event = tuple[str, str | None, int]
EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.none() | st.sampled_from("xyz!"), st.integers(0, 30)), max_size=20
)


def loud(value: str) -> str:
    """Fails for what is loud already."""
    if value == "!":
        raise ValueError("too loud")
    return value.upper()


def cached(result: Table[Any, Any], topic: Topic[Any, Any] = OUT, cache: int = MUCH) -> Topology:
    """The changes of a table, on a topic."""
    return Topology("t", result.to_stream().to(topic), cache_max_bytes=cache)


def test_the_last_change_of_each_key_goes_at_the_commit() -> None:
    """With its own timestamp and headers, in the order of the last updates; then nothing waits."""
    with TopologyDriver(cached(table(IN, "rows"))) as driver:
        driver.pipe(IN, "a", "1", timestamp=5, headers=(("h", b"1"),))
        driver.pipe(IN, "b", "2", timestamp=6)
        driver.pipe(IN, "a", "3", timestamp=3, headers=(("h", b"3"),))
        assert driver.read(OUT) == []
        assert driver.table("rows") == {"a": "3", "b": "2"}
        driver.commit()
        assert driver.read(OUT) == [Record("b", "2", 6), Record("a", "3", 3, (("h", b"3"),))]
        driver.commit()
        assert driver.read(OUT) == []


def test_a_row_that_has_come_and_gone_leaves_no_change() -> None:
    """One that was there before the commit is deleted."""
    with TopologyDriver(cached(table(IN, "rows"))) as driver:
        driver.pipe(IN, "a", "1", timestamp=0)
        driver.pipe(IN, "a", None, timestamp=1)
        driver.commit()
        assert driver.read(OUT) == []
        for value in ("2", None):
            driver.pipe(IN, "a", value, timestamp=2)
            driver.commit()
        assert driver.pairs(OUT) == [("a", "2"), ("a", None)]


def test_merged_sessions_wait_like_other_rows() -> None:
    """What has not gone out need not be taken back."""
    counts = stream(IN).group_by_key().windowed_by(session(5)).count("counts")
    with TopologyDriver(cached(counts, SESSIONS)) as driver:
        driver.pipe(IN, "a", "x", timestamp=0)
        driver.pipe(IN, "a", "x", timestamp=4)
        driver.commit()
        assert driver.pairs(SESSIONS) == [(Session("a", 0, 4), 2)]


def test_too_much_does_not_wait() -> None:
    """The change that has waited longest goes first."""
    with TopologyDriver(cached(table(IN, "rows"), cache=1_000)) as driver:
        for number in range(10):
            driver.pipe(IN, str(number), "x", timestamp=0)
        gone = [key for key, _ in driver.pairs(OUT)]
        assert gone == [str(number) for number in range(len(gone))]
        assert 5 < len(gone) < 10
        driver.commit()
        assert [key for key, _ in driver.pairs(OUT)] == [str(number) for number in range(len(gone), 10)]


def test_what_fails_at_the_commit_is_put_aside() -> None:
    """As the record that caused the change; the others go on."""
    loudly = table(IN, "rows").to_stream().map_values(loud)
    with TopologyDriver(Topology("t", loudly.to(OUT), cache_max_bytes=MUCH)) as driver:
        for key, value in (("a", "x"), ("b", "!"), ("c", "y")):
            driver.pipe(IN, key, value, timestamp=0)
        driver.commit()
        assert driver.pairs(OUT) == [("a", "X"), ("c", "Y")]
        assert [letter.row[0] for letter in driver.dead_letters] == [1]
        driver.commit()
        assert driver.pairs(OUT) == []


def test_a_negative_size_is_refused() -> None:
    """The error says what to give."""
    with pytest.raises(TopologyError, match=r"cache_max_bytes=-1: give 0"):
        cached(table(IN, "rows"), cache=-1)


def pipeline(cache: int) -> Topology:
    """Aggregates of aggregates: what is counted is told twice, once taken away and once added."""
    letters = stream(IN).to_table("rows").group_by(lambda key, value: (value, key), "by-letter").count("letters")
    sums = letters.group_by(lambda letter, count: ("all", count), "by-all", key=str, value=int)
    total = sums.reduce(lambda one, other: one + other, lambda one, other: one - other, "total")
    grouped = stream(IN).filter(lambda value: value is not None).group_by_key()
    windows = grouped.windowed_by(hopping(10, advance=5, grace=30)).count("hopping")
    per_key = windows.group_by(lambda window, count: (window.key, count), "by-key", key=str, value=int)
    windowed = per_key.reduce(lambda one, other: one + other, lambda one, other: one - other, "windowed")
    sets = grouped.windowed_by(sliding(5, grace=30)).count("sliding")
    sessions = grouped.windowed_by(session(5, grace=30)).count("sessions", retention=100)
    return Topology("t", total, windowed, sets, sessions, cache_max_bytes=cache)


TABLES = ("rows", "letters", "total", "hopping", "windowed", "sliding", "sessions")


@settings(max_examples=50)
@given(EVENTS, st.sampled_from([1, 1_500, MUCH]), st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_tables_end_as_without_it(events: list[Event], cache: int, commits: set[int], restarts: set[int]) -> None:
    """Whenever commits and restarts come: old values are those that were passed on before."""
    with TopologyDriver(pipeline(0)) as plain, TopologyDriver(pipeline(cache)) as driver:
        for number, (key, value, time) in enumerate(events):
            for one in (plain, driver):
                one.pipe(IN, key, value, timestamp=time)
            if number in commits:
                driver.commit()
            if number in restarts:
                driver.restart()
        driver.commit()
        for name in TABLES:
            assert {k: v for k, v in driver.table(name).items() if v} == {
                k: v for k, v in plain.table(name).items() if v
            }, name
