"""Sessions: events at most a gap apart, merged, closed, emitted and deleted."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streamapp import Session, Topic, Topology, session, stream
from streamapp.dsl.node import Emit
from streamapp.dsl.processor import Record
from streamapp.dsl.windows import SessionWindows
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=int)
OUT = Topic("out", key=Session[str], value=int)
LATE = Topic("late", key=str, value=int)

EVENTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60)), max_size=25)


def counting(windows: SessionWindows, emit: Emit = "update", retention: int | None = None) -> Topology:
    """Counts per session, and the late records."""
    counts = stream(IN).group_by_key().windowed_by(windows).count("counts", emit=emit, retention=retention)
    return Topology("t", counts.to_stream().to(OUT), counts.late().to(LATE))


def run(topology: Topology, events: list[tuple[str, int]]) -> list[Record[Any, Any]]:
    """The results for events of these keys and times."""
    with TopologyDriver(topology) as driver:
        for key, time in events:
            driver.pipe(IN, key, time, timestamp=time)
            driver.commit()
        return driver.read(OUT)


def rows(records: list[Record[Any, Any]]) -> dict[Session[str], int]:
    """What the changes leave in the table."""
    table: dict[Session[str], int] = {}
    for record in records:
        if record.value is None:
            del table[record.key]
        else:
            table[record.key] = record.value
    return table


def model(gap: int, events: list[tuple[str, int]]) -> dict[Session[str], int]:
    """The sessions of all events, sorted and cut where more than a gap passes."""
    sessions: dict[Session[str], int] = {}
    for key in {key for key, _ in events}:
        times = sorted(time for other, time in events if other == key)
        cuts = [at for at in range(1, len(times)) if times[at] - times[at - 1] > gap]
        for first, last in zip([0, *cuts], [*cuts, len(times)], strict=True):
            sessions[Session(key, times[first], times[last - 1])] = last - first
    return sessions


def test_events_a_gap_apart_are_one_session() -> None:
    """The gap is inclusive; the row of the shorter session is deleted first, with its own end as timestamp."""
    assert run(counting(session(5)), [("a", 0), ("a", 5)]) == [
        Record(Session("a", 0, 0), 1, 0),
        Record(Session("a", 0, 0), None, 0),
        Record(Session("a", 0, 5), 2, 5),
    ]
    assert rows(run(counting(session(5)), [("a", 0), ("a", 6)])) == {Session("a", 0, 0): 1, Session("a", 6, 6): 1}


def test_an_event_between_two_sessions_merges_them() -> None:
    """Both rows go, the earlier first."""
    records = run(counting(session(5, grace=20)), [("a", 0), ("a", 8), ("a", 4)])
    assert records[2:] == [
        Record(Session("a", 0, 0), None, 0),
        Record(Session("a", 8, 8), None, 8),
        Record(Session("a", 0, 8), 3, 8),
    ]


def test_a_second_event_of_one_moment_overwrites() -> None:
    """A session of a single moment keeps its key, so no null is needed."""
    assert [record.value for record in run(counting(session(5)), [("a", 3), ("a", 3)])] == [1, 2]


def test_a_record_is_late_when_its_session_has_closed() -> None:
    """With a gap of 5 and a grace of 2, an event at 10 is in time at stream time 17 and late at 18."""
    for now, expected in ((17, {}), (18, {"counts": 1})):
        with TopologyDriver(counting(session(5, grace=2))) as driver:
            driver.pipe(IN, "b", now, timestamp=now)
            driver.pipe(IN, "a", 10, timestamp=10)
            assert driver.late == expected
            assert len(driver.read(LATE)) == len(expected)


def test_closed_sessions_are_emitted_once_by_end() -> None:
    """A session that ends at 10 goes out at stream time 18: by end, then start, then key."""
    events = [("b", 10), ("a", 10), ("a", 8), ("c", 9)]
    assert run(counting(session(5, grace=2), "close"), [*events, ("z", 16)]) == []
    emitted = run(counting(session(5, grace=2), "close"), [*events, ("z", 30), ("z", 31)])
    assert emitted == [
        Record(Session("c", 9, 9), 1, 9),
        Record(Session("a", 8, 10), 2, 10),
        Record(Session("b", 10, 10), 1, 10),
    ]


def test_expired_sessions_are_removed() -> None:
    """Rows, and those of the index, do not grow without end: each commit removes what has expired."""
    with TopologyDriver(counting(session(5))) as driver:
        for time in range(0, 2_000, 10):
            driver.pipe(IN, "a", 0, timestamp=time)
            if time % 500 == 0:
                driver.commit()
        driver.commit()
        assert len(driver.table("counts")) <= 3
        assert len(driver.table("counts-times")) <= 3


@given(st.integers(1, 15), EVENTS)
def test_sessions_are_those_of_the_model(gap: int, events: list[tuple[str, int]]) -> None:
    """Whatever order events come in, while none is late and none expires."""
    records = run(counting(session(gap, grace=100), retention=1_000), events)
    assert rows(records) == model(gap, events)
    assert all(record.timestamp == record.key.end for record in records)


@given(st.integers(1, 15), st.integers(0, 15), EVENTS)
def test_every_accepted_event_is_emitted(gap: int, grace: int, events: list[tuple[str, int]]) -> None:
    """With the least retention: what is not late goes out at the close, in exactly one session."""
    with TopologyDriver(counting(session(gap, grace=grace), "close")) as driver:
        for key, time in [*events, ("z", 1_000)]:
            driver.pipe(IN, key, time, timestamp=time)
            driver.commit()
        emitted = driver.read(OUT)
        assert sum(record.value for record in emitted) == len(events) - driver.late.get("counts", 0)
        assert len({record.key for record in emitted}) == len(emitted)


@settings(max_examples=50)
@given(
    st.integers(1, 15), st.integers(0, 15), EVENTS, st.sampled_from(["update", "close"]), st.sets(st.integers(0, 25))
)
def test_a_restart_changes_nothing(
    gap: int, grace: int, events: list[tuple[str, int]], emit: Emit, restarts: set[int]
) -> None:
    """Rows, their index, clocks and what has been emitted come back."""
    topology = counting(session(gap, grace=grace), emit)
    with TopologyDriver(topology) as driver:
        for number, (key, time) in enumerate(events):
            driver.pipe(IN, key, time, timestamp=time)
            if number in restarts:
                driver.restart()
        assert driver.read(OUT) == run(topology, events)
