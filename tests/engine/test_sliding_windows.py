"""Sliding windows: one window for each set of events close in time, whatever order they come in."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streamapp import Topic, Topology, Windowed, sliding, stream
from streamapp.dsl.node import Emit
from streamapp.dsl.processor import Record
from streamapp.dsl.windows import SlidingWindows
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=int)
OUT = Topic("out", key=Windowed[str], value=list[int])
LATE = Topic("late", key=str, value=int)

TIMES = st.lists(st.integers(0, 60), max_size=20)


def with_time(times: list[int], time: int) -> list[int]:
    """Collects the times of a window's events, changing what it is given, as authors may."""
    times.append(time)
    return times


def collecting(windows: SlidingWindows, emit: Emit = "update", retention: int | None = None) -> Topology:
    """The events of each window, and the late records."""
    windowed = stream(IN).group_by_key().windowed_by(windows)
    table = windowed.aggregate(list, with_time, "sets", value=list[int], emit=emit, retention=retention)
    return Topology("t", table.to_stream().to(OUT), table.late().to(LATE))


def run(topology: Topology, times: list[int]) -> list[Record[Any, Any]]:
    """Results for events of one key at these times."""
    with TopologyDriver(topology) as driver:
        for time in times:
            driver.pipe(IN, "a", time, timestamp=time)
            driver.commit()
        return driver.read(OUT)


def last_sets(records: list[Record[Any, Any]]) -> dict[int, list[int]]:
    """The last set of each window, by its start."""
    return {record.key.start: sorted(record.value) for record in records}


def model(difference: int, times: list[int]) -> dict[int, list[int]]:
    """All windows that end with an event or begin behind one, and hold any (KIP-450)."""
    starts = {max(0, time - difference) for time in times} | {time + 1 for time in times}
    sets = {start: sorted(time for time in times if start <= time <= start + difference) for start in starts}
    return {start: found for start, found in sets.items() if found}


def test_an_event_makes_its_left_window_and_the_right_one_of_the_event_before() -> None:
    """Both ends are inclusive: events 10 ms apart share a window, and their own begin and end with them."""
    assert [(record.key.start, record.value) for record in run(collecting(sliding(10)), [20, 30])] == [
        (10, [20]),
        (21, [30]),
        (20, [20, 30]),
    ]
    assert last_sets(run(collecting(sliding(10)), [20, 31])) == {10: [20], 21: [31]}


def test_early_events_share_the_window_from_the_epoch() -> None:
    """No window begins before 0."""
    assert last_sets(run(collecting(sliding(10)), [3, 7])) == {0: [3, 7], 4: [7]}


def test_an_event_out_of_order_goes_into_what_spans_it() -> None:
    """Its right window begins with what later events have left."""
    records = run(collecting(sliding(10, grace=50)), [20, 30, 25])
    assert last_sets(records) == {10: [20], 15: [20, 25], 20: [20, 25, 30], 21: [25, 30], 26: [30]}


def test_a_window_is_closed_1_ms_after_its_end_and_grace() -> None:
    """At stream time 35 a window that ends at 30 still takes a record with 5 ms grace; at 36 it does not."""
    assert 10 in last_sets(run(collecting(sliding(10, grace=15)), [35, 20]))
    assert 10 not in last_sets(run(collecting(sliding(10, grace=15)), [36, 20]))


def test_a_late_record_goes_into_the_windows_that_are_open() -> None:
    """With 5 ms grace at stream time 35, one at 20 goes into the window from 20 to 30; at 36 into none."""
    for now, expected in ((35, [20, 30]), (36, [30])):
        with TopologyDriver(collecting(sliding(10, grace=5))) as driver:
            for time in (30, now, 20):
                driver.pipe(IN, "a", time, timestamp=time)
            assert last_sets(driver.read(OUT))[20] == expected
            assert driver.late == {"sets": 1}
            assert [record.value for record in driver.read(LATE)] == [20]


def test_closed_windows_are_emitted_once() -> None:
    """A window from 10 to 20 goes out at stream time 21."""
    assert run(collecting(sliding(10), "close"), [20]) == []
    assert run(collecting(sliding(10), "close"), [20, 21])[0] == Record(Windowed("a", 10, 20), [20], 20)


@given(st.integers(0, 20), st.lists(st.integers(0, 60), max_size=20, unique=True).map(sorted))
def test_in_order_all_sets_are_found(difference: int, times: list[int]) -> None:
    """Exactly the windows of the model, each with its events, when every record comes in order."""
    assert last_sets(run(collecting(sliding(difference, grace=100)), times)) == model(difference, times)


@given(st.integers(0, 20), TIMES)
def test_in_any_order_sets_are_true(difference: int, times: list[int]) -> None:
    """Every window holds just the events in it, and every event's left window is there."""
    found = last_sets(run(collecting(sliding(difference, grace=100)), times))
    expected = model(difference, times)
    assert {start: expected[start] for start in found} == found
    assert {max(0, time - difference) for time in times} <= set(found)


@settings(max_examples=50)
@given(st.integers(0, 20), st.integers(0, 20), TIMES, st.sampled_from(["update", "close"]), st.sets(st.integers(0, 20)))
def test_a_restart_changes_nothing(
    difference: int, grace: int, times: list[int], emit: Emit, restarts: set[int]
) -> None:
    """Rows, their index, clocks and what has been emitted come back."""
    topology = collecting(sliding(difference, grace=grace), emit)
    with TopologyDriver(topology) as driver:
        for number, time in enumerate(times):
            driver.pipe(IN, "a", time, timestamp=time)
            if number in restarts:
                driver.restart()
        assert driver.read(OUT) == run(topology, times)


@given(st.integers(0, 20), st.integers(0, 20), TIMES)
def test_each_closed_window_is_emitted_exactly_once(difference: int, grace: int, times: list[int]) -> None:
    """What goes out at the close is what the updates said last; with a retention that keeps all of it."""
    windows = sliding(difference, grace=grace)
    closed = [record.key for record in run(collecting(windows, "close", retention=1_000), [*times, 500])]
    assert len(closed) == len(set(closed))
    updated = last_sets(run(collecting(windows, retention=1_000), [*times, 500]))
    assert {window.start for window in closed} == set(updated) - {500 - difference}
