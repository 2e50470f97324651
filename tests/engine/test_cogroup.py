"""Cogroup: several streams in one aggregate, each with a stream time of its own."""

from __future__ import annotations

import pytest

from streamapp import Session, Topic, Topology, TopologyError, Windowed, session, sliding, stream, tumbling
from streamapp.dsl.processor import Record
from streamapp.testing.driver import TopologyDriver

LEFT = Topic("left", key=str, value=str)
RIGHT = Topic("right", key=str, value=int)
OUT = Topic("out", key=str, value=str)
WINDOWS = Topic("windows", key=Windowed[str], value=str)
SESSIONS = Topic("sessions", key=Session[str], value=str)
LATE = Topic("late", key=str, value=str)


def add_text(aggregate: str, value: str) -> str:
    """Adds a text."""
    return f"{aggregate}{value}"


def add_number(aggregate: str, value: int) -> str:
    """Adds a number."""
    return f"{aggregate}{value}"


cogrouped = stream(LEFT).group_by_key().cogroup(add_text).cogroup(stream(RIGHT).group_by_key(), add_number)


def test_each_stream_adds_with_its_own_function() -> None:
    """Null keys and null values are dropped, the latest timestamp stays."""
    with TopologyDriver(Topology("t", cogrouped.aggregate(str, "both").to_stream().to(OUT))) as driver:
        driver.pipe(LEFT, "a", "x", timestamp=9)
        driver.pipe(RIGHT, "a", 1, timestamp=3)
        driver.pipe(RIGHT, None, 1, timestamp=3)
        driver.pipe(LEFT, "a", None, timestamp=3)
        assert driver.read(OUT) == [Record("a", "x", 9), Record("a", "x1", 9)]
        assert driver.dropped == {"both": 2}


def test_a_stream_is_late_by_its_own_time() -> None:
    """The other may be far ahead; when it is so far that the row has expired, the window begins anew."""
    table = cogrouped.windowed_by(tumbling(10)).aggregate(str, "both")
    with TopologyDriver(Topology("t", table.to_stream().to(WINDOWS), table.late().to(LATE))) as driver:
        driver.pipe(LEFT, "a", "x", timestamp=1)
        driver.pipe(RIGHT, "a", 2, timestamp=15)
        driver.pipe(LEFT, "a", "y", timestamp=2)
        driver.pipe(LEFT, "a", "z", timestamp=12)
        driver.pipe(LEFT, "a", "late", timestamp=3)
        assert [(record.key.start, record.value) for record in driver.read(WINDOWS)] == [
            (0, "x"),
            (10, "2"),
            (0, "y"),
            (10, "2z"),
        ]
        assert [record.value for record in driver.read(LATE)] == ["late"]
        assert driver.late == {"both": 1}


def test_a_retention_lets_streams_drift_apart() -> None:
    """As much longer as it is than the windows need."""
    table = cogrouped.windowed_by(tumbling(10)).aggregate(str, "both", retention=20)
    with TopologyDriver(Topology("t", table.to_stream().to(WINDOWS))) as driver:
        driver.pipe(LEFT, "a", "x", timestamp=1)
        driver.pipe(RIGHT, "a", 2, timestamp=15)
        driver.pipe(LEFT, "a", "y", timestamp=2)
        assert driver.read(WINDOWS)[-1].value == "xy"


def test_sliding_windows_and_sessions_take_several_streams() -> None:
    """An event of the other stream is an event like any."""
    table = cogrouped.windowed_by(sliding(10)).aggregate(str, "sets")
    sessions = cogrouped.windowed_by(session(10)).aggregate(str, "sessions", merger=add_text)
    with TopologyDriver(Topology("t", table.to_stream().to(WINDOWS), sessions.to_stream().to(SESSIONS))) as driver:
        driver.pipe(LEFT, "a", "x", timestamp=20)
        driver.pipe(RIGHT, "a", 2, timestamp=25)
        assert driver.table("sets") == {
            Windowed("a", 10, 20): "x",
            Windowed("a", 15, 25): "x2",
            Windowed("a", 21, 31): "2",
        }
        assert driver.table("sessions") == {Session("a", 20, 25): "x2"}


def test_clocks_come_back() -> None:
    """After a restart each stream is late by its own time as before."""
    table = cogrouped.windowed_by(tumbling(10)).aggregate(str, "both")
    with TopologyDriver(Topology("t", table)) as driver:
        driver.pipe(RIGHT, "a", 2, timestamp=15)
        driver.restart()
        driver.pipe(LEFT, "a", "y", timestamp=2)
        driver.pipe(RIGHT, "a", 2, timestamp=2)
        assert driver.late == {"both": 1}


def test_streams_with_other_keys_are_refused() -> None:
    """The error names both types."""
    numbers = stream(Topic("numbers", key=int, value=str)).group_by_key()
    with pytest.raises(TopologyError, match=r"the keys of the first stream are str, those of another int"):
        stream(LEFT).group_by_key().cogroup(add_text).cogroup(numbers, add_text).aggregate(str, "x")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(TopologyError, match=r"a Stream is not a grouped stream"):
        cogrouped.cogroup(stream(LEFT), add_text)  # type: ignore[call-overload]  # what is tested
