"""Suppress: what is held back, in which place, until when, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp import (
    Session,
    Table,
    Topic,
    Topology,
    TopologyError,
    Windowed,
    session,
    stream,
    table,
    tumbling,
    until_time_limit,
    until_window_closes,
)
from streamapp.dsl.processor import Record
from streamapp.dsl.suppression import Until
from streamapp.errors import ProcessingError
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=str)
STREAM = Topic("stream", key=str, value=str)
OUT = Topic("out", key=str, value=str)
WINDOWS = Topic("windows", key=Windowed[str], value=int)
SESSIONS = Topic("sessions", key=Session[str], value=int)

Event = tuple[str, str | None, int]

EVENTS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.none() | st.sampled_from("xyz"), st.integers(0, 30)), max_size=25
)


def held(until: Until) -> Topology:
    """A table held back."""
    return Topology("t", table(IN, "rows").suppress(until, "held").to_stream().to(OUT))


def run(topology: Topology, events: Iterable[Event]) -> list[Record[Any, Any]]:
    """The changes that come out."""
    with TopologyDriver(topology) as driver:
        for key, value, time in events:
            driver.pipe(IN, key, value, timestamp=time)
            driver.commit()
        return driver.read(OUT)


def model(limit: int, most: int | None, events: Iterable[Event]) -> list[Record[Any, Any]]:
    """By the rule's words: a place in line by the first change, the last change when the place is due."""
    line: dict[str, tuple[int, str | None, int]] = {}
    out, stream_time = [], -1
    for key, value, time in events:
        stream_time = max(stream_time, time)
        line[key] = (line[key][0] if key in line else time, value, time)
        for name, (place, last, at) in sorted(line.items(), key=lambda item: (item[1][0], item[0].encode())):
            if place <= stream_time - limit or (most is not None and len(line) > most):
                out.append(Record(name, last, at))
                del line[name]
    return out


def test_the_last_change_goes_out_in_the_place_of_the_first() -> None:
    """The limit counts from the first change; the last one goes out with its own timestamp."""
    events = [("a", "x", 0), ("b", "y", 3), ("a", "z", 9), ("c", "w", 10)]
    assert run(held(until_time_limit(10)), events) == [Record("a", "z", 9)]
    assert run(held(until_time_limit(10)), [*events, ("c", "v", 13)])[1:] == [Record("b", "y", 3)]


def test_its_own_record_counts_for_stream_time() -> None:
    """With a limit of 0 nothing is held back."""
    assert run(held(until_time_limit(0)), [("a", "x", 0), ("a", None, 0)]) == [
        Record("a", "x", 0),
        Record("a", None, 0),
    ]


def test_headers_are_those_of_the_last_change() -> None:
    """Not those of the record that lets it go."""
    with TopologyDriver(held(until_time_limit(5))) as driver:
        driver.pipe(IN, "a", "x", timestamp=0, headers=(("h", b"1"),))
        driver.pipe(IN, "a", "y", timestamp=1, headers=(("h", b"2"), ("n", None)))
        driver.pipe(IN, "b", "z", timestamp=5, headers=(("h", b"3"),))
        assert driver.read(OUT) == [Record("a", "y", 1, (("h", b"2"), ("n", None)))]


def test_a_full_buffer_lets_the_oldest_go() -> None:
    """By place, then by key."""
    events = [("b", "x", 5), ("a", "y", 5), ("c", "z", 1)]
    assert run(held(until_time_limit(100, max_records=2)), events) == [Record("c", "z", 1)]
    assert run(held(until_time_limit(100, max_records=1)), events) == [Record("a", "y", 5), Record("c", "z", 1)]


def test_a_full_buffer_can_stop_the_topology() -> None:
    """Though other errors go to the dead letters; the message names the step and the bound."""
    with TopologyDriver(held(until_time_limit(100, max_records=1, when_full="shut_down"))) as driver:
        driver.pipe(IN, "a", "x", timestamp=0)
        with pytest.raises(ProcessingError, match=r"suppress 'held' at .*max_records=1"):
            driver.pipe(IN, "b", "x", timestamp=0)


def test_windows_go_out_once_they_close() -> None:
    """The window from 0 to 10 with 5 ms grace at stream time 15, not at 14."""
    counts = stream(STREAM).group_by_key().windowed_by(tumbling(10, grace=5)).count("counts")
    topology = Topology("t", counts.suppress(until_window_closes(), "final").to_stream().to(WINDOWS))
    with TopologyDriver(topology) as driver:
        for time in (0, 14, 3):
            driver.pipe(STREAM, "a", "x", timestamp=time)
        assert driver.read(WINDOWS) == []
        driver.pipe(STREAM, "b", "x", timestamp=15)
        assert driver.read(WINDOWS) == [Record(Windowed("a", 0, 10), 2, 3)]


def test_sessions_that_were_merged_leave_no_deletion() -> None:
    """Nothing of them has gone out, so nothing is taken back."""
    counts = stream(STREAM).group_by_key().windowed_by(session(5)).count("counts")
    topology = Topology("t", counts.suppress(until_window_closes(), "final").to_stream().to(SESSIONS))
    with TopologyDriver(topology) as driver:
        for key, time in (("a", 0), ("a", 4), ("b", 30)):
            driver.pipe(STREAM, key, "x", timestamp=time)
        assert driver.read(SESSIONS) == [Record(Session("a", 0, 4), 2, 4)]


def test_a_join_sees_what_has_gone_out() -> None:
    """Of a key that is held back, the row it had before."""
    suppressed = table(IN, "rows").suppress(until_time_limit(10), "held")
    joined = stream(STREAM).left_join(suppressed, lambda value, row: f"{value}{row}")
    with TopologyDriver(Topology("t", joined.to(OUT))) as driver:
        driver.pipe(IN, "a", "old", timestamp=0)
        driver.pipe(STREAM, "a", "1", timestamp=0)
        driver.pipe(IN, "b", "x", timestamp=10)
        driver.pipe(STREAM, "a", "2", timestamp=10)
        driver.pipe(IN, "a", "new", timestamp=11)
        driver.pipe(STREAM, "a", "3", timestamp=11)
        assert [value for _, value in driver.pairs(OUT)] == ["1None", "2old", "3old"]


def test_only_windows_can_close() -> None:
    """The error names the step and the remedy; a filter between the windows and the suppress does not matter."""
    counts = stream(STREAM).group_by_key().windowed_by(tumbling(10)).count("counts")
    final: Table[Windowed[str], int] = counts.filter(lambda count: count > 1).suppress(until_window_closes(), "final")
    assert final.node.key == counts.node.key
    with pytest.raises(TopologyError, match=r"suppress 'held' at .*: the table has no windows .*until_time_limit"):
        table(IN, "rows").suppress(until_window_closes(), "held")
    with pytest.raises(TopologyError, match=r"suppress 'held' at .*: 5 does not say until when"):
        table(IN, "rows").suppress(5, "held")  # type: ignore[arg-type]  # what is tested


@given(st.integers(0, 15), st.none() | st.integers(0, 3), EVENTS)
def test_it_is_the_model(limit: int, most: int | None, events: list[Event]) -> None:
    """For any limit and bound, in any order; the empty key too."""
    assert run(held(until_time_limit(limit, max_records=most)), events) == model(limit, most, events)


@given(st.integers(0, 15), st.none() | st.integers(0, 3), EVENTS, st.sets(st.integers(0, 25)))
def test_a_restart_changes_nothing(limit: int, most: int | None, events: list[Event], restarts: set[int]) -> None:
    """What is held back, its place and how much it is come back."""
    topology = held(until_time_limit(limit, max_records=most))
    with TopologyDriver(topology) as driver:
        for number, (key, value, time) in enumerate(events):
            driver.pipe(IN, key, value, timestamp=time)
            if number in restarts:
                driver.restart()
        assert driver.read(OUT) == model(limit, most, events)
