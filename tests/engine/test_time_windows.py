"""Tumbling and hopping windows: which windows a record is in, when they close, what is late, emitted and kept."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streamapp import Topic, Topology, Windowed, hopping, stream, tumbling
from streamapp.dsl.node import Emit
from streamapp.dsl.processor import Record
from streamapp.dsl.windows import TimeWindows
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=int)
LATE = Topic("late", key=str, value=int)
OUT = Topic("out", key=Windowed[str], value=int)

Event = tuple[str, int]
"""Key and time."""

EVENTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60)), max_size=25)
WINDOWS = st.builds(
    lambda size, advance, grace: TimeWindows(size, min(size, advance), grace),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 20),
)


def counting(windows: TimeWindows, emit: Emit = "update", retention: int | None = None) -> Topology:
    """Counts per window, and the late records."""
    counts = stream(IN).group_by_key().windowed_by(windows).count("counts", emit=emit, retention=retention)
    return Topology("t", counts.to_stream().to(OUT), counts.late().to(LATE))


def run(topology: Topology, events: list[Event]) -> tuple[list[Record[Any, Any]], list[Record[Any, Any]], int]:
    """Results, late records, and how often a record was late for a window."""
    with TopologyDriver(topology) as driver:
        for key, time in events:
            driver.pipe(IN, key, time, timestamp=time)
            driver.commit()
        return driver.read(OUT), driver.read(LATE), driver.late.get("counts", 0)


def model(windows: TimeWindows, events: list[Event]) -> tuple[dict[Windowed[str], int], int, list[Event]]:
    """Counts of all windows, misses, and the events with a miss: by the rule's words alone."""
    counts: dict[Windowed[str], int] = defaultdict(int)
    misses, late, stream_time = 0, [], -1
    for key, time in events:
        stream_time = max(stream_time, time)
        spanning = [start for start in range(0, time + 1, windows.advance) if start + windows.size > time]
        open_ = [start for start in spanning if start + windows.size > stream_time - windows.grace]
        for start in open_:
            counts[Windowed(key, start, start + windows.size)] += 1
        misses += len(spanning) - len(open_)
        if len(open_) < len(spanning):
            late.append((key, time))
    return dict(counts), misses, late


def test_a_window_takes_records_until_its_end_and_grace_have_passed() -> None:
    """The window [0, 10) with 5 ms grace takes a record at stream time 14, and refuses it at 15."""
    in_time, _, none_late = run(counting(tumbling(10, grace=5)), [("a", 0), ("b", 14), ("a", 9)])
    assert in_time[-1] == Record(Windowed("a", 0, 10), 2, 9)
    assert none_late == 0
    results, late, misses = run(counting(tumbling(10, grace=5)), [("a", 0), ("b", 15), ("a", 9)])
    assert [record.key for record in results] == [Windowed("a", 0, 10), Windowed("b", 10, 20)]
    assert (late, misses) == ([Record("a", 9, 9)], 1)


def test_a_record_at_the_edge_belongs_to_the_next_window() -> None:
    """A window's start is inclusive and its end exclusive."""
    results, _, _ = run(counting(tumbling(10)), [("a", 9), ("a", 10)])
    assert [record.key for record in results] == [Windowed("a", 0, 10), Windowed("a", 10, 20)]


def test_a_record_late_for_one_of_its_windows_is_counted_in_the_others() -> None:
    """It goes to the late records once, and is counted once for each window it missed."""
    results, late, misses = run(counting(hopping(10, advance=5)), [("a", 14), ("a", 9), ("a", 3)])
    assert [record.key.start for record in results] == [5, 10, 5]
    assert [record.value for record in late] == [9, 3]
    assert misses == 2


def test_a_window_is_emitted_once_when_it_closes() -> None:
    """At stream time 15, not at 14; windows of one close go by start, then by key."""
    topology = counting(tumbling(10, grace=5), "close")
    events = [("b", 1), ("a", 2), ("b", 3), ("a", 14)]
    assert run(topology, events)[0] == []
    closed = [Record(Windowed("a", 0, 10), 1, 2), Record(Windowed("b", 0, 10), 2, 3)]
    assert run(topology, [*events, ("c", 15)])[0] == closed
    assert run(topology, [*events, ("c", 15), ("c", 24)])[0] == closed
    assert run(topology, [*events, ("c", 100)])[0] == [*closed, Record(Windowed("a", 10, 20), 1, 14)]


def test_rows_older_than_the_retention_go() -> None:
    """A table shows windows that have closed for as long as the author says."""
    with TopologyDriver(counting(tumbling(10), retention=30)) as driver:
        for time in (5, 15, 25, 35, 45, 60):
            driver.pipe(IN, "a", 0, timestamp=time)
        driver.commit()
        assert sorted(window.start for window in driver.table("counts")) == [20, 30, 40, 60]


@given(WINDOWS, EVENTS)
def test_updates_are_those_of_the_model(windows: TimeWindows, events: list[Event]) -> None:
    """The last update of each window, and what is late, for any windows and any order of records."""
    results, late, misses = run(counting(windows), events)
    counts, expected_misses, expected_late = model(windows, events)
    assert {record.key: record.value for record in results} == counts
    assert (misses, [(record.key, record.value) for record in late]) == (expected_misses, expected_late)


@given(WINDOWS, EVENTS)
def test_each_closed_window_is_emitted_exactly_once(windows: TimeWindows, events: list[Event]) -> None:
    """With the least retention too; what has not closed has not gone out."""
    results, _, _ = run(counting(windows, "close"), events)
    counts, _, _ = model(windows, events)
    closed = max((time for _, time in events), default=0) - windows.grace
    keys = [record.key for record in results]
    assert len(keys) == len(set(keys))
    assert {record.key: record.value for record in results} == {
        window: count for window, count in counts.items() if window.end <= closed
    }


@settings(max_examples=50)
@given(WINDOWS, EVENTS, st.sampled_from(["update", "close"]), st.sets(st.integers(0, 25)))
def test_a_restart_changes_nothing(windows: TimeWindows, events: list[Event], emit: Emit, restarts: set[int]) -> None:
    """Stores, clocks and what has been emitted come back."""
    with TopologyDriver(counting(windows, emit)) as driver:
        for number, (key, time) in enumerate(events):
            driver.pipe(IN, key, time, timestamp=time)
            if number in restarts:
                driver.restart()
        assert driver.read(OUT) == run(counting(windows, emit), events)[0]
