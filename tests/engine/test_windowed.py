"""Count and aggregate per key and time window."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp import Topic, Topology, Windowed, stream, tumbling
from streamapp.dsl.windows import TimeWindows
from tests.engine.tasks import Bench, bench, row

CLICKS = Topic("clicks", key=str, value=str)
COUNTS = Topic("counts", key=Windowed[str], value=int)


def counted(windows: TimeWindows, retention: int | None = None) -> Bench:
    """A task that counts clicks per window."""
    table = stream(CLICKS).group_by_key().windowed_by(windows).count("clicks", retention=retention)
    return bench(Topology("t", table.to_stream().to(COUNTS)))


def clicks(tested: Bench, *times: int, key: str = "k") -> list[tuple[int, int, int]]:
    """Clicks at these times; gives start, count and timestamp of each result."""
    found = tested.process("clicks", *(row(at, key, "", time) for at, time in enumerate(times)))
    return [(window.start, value, timestamp) for _, window, value, timestamp in found]


def test_each_record_is_in_one_tumbling_window() -> None:
    """Its start belongs to it, its end does not."""
    assert clicks(counted(tumbling(10, grace=100)), 0, 9, 10, 19, 20, 5) == [
        (0, 1, 0),
        (0, 2, 9),
        (10, 1, 10),
        (10, 2, 19),
        (20, 1, 20),
        (0, 3, 9),
    ]


def test_each_record_is_in_every_hopping_window_around_it() -> None:
    """The earliest first; none begins before the epoch."""
    assert clicks(counted(TimeWindows(10, 4, grace=100)), 0, 7, 13) == [
        (0, 1, 0),
        (0, 2, 7),
        (4, 1, 7),
        (4, 2, 13),
        (8, 1, 13),
        (12, 1, 13),
    ]


def test_keys_have_windows_of_their_own() -> None:
    """And one stream time."""
    tested = counted(tumbling(10))
    assert clicks(tested, 5, 25, key="a") == [(0, 1, 5), (20, 1, 25)]
    assert clicks(tested, 6, 26, key="b") == [(20, 1, 26)]
    assert tested.table("clicks") == {("a", 0): 1, ("a", 20): 1, ("b", 20): 1}
    assert tested.task.late == {"clicks": 1}


@pytest.mark.parametrize(("grace", "observed", "late"), [(0, 9, 0), (0, 10, 1), (5, 14, 0), (5, 15, 1)])
def test_a_window_closes_when_stream_time_is_its_end_and_the_grace(grace: int, observed: int, late: int) -> None:
    """To the millisecond (KIP-633): late when `window end <= stream time - grace`."""
    tested = counted(tumbling(10, grace=grace))
    clicks(tested, observed)
    assert len(clicks(tested, 4)) == 1 - late
    assert tested.task.late.get("clicks", 0) == late


def test_late_records_are_counted_once_for_each_window_they_missed() -> None:
    """The windows that are open still take them."""
    tested = counted(TimeWindows(10, 5))
    assert clicks(tested, 20, 14)[2:] == []
    assert tested.task.late == {"clicks": 2}
    assert clicks(tested, 17) == [(15, 2, 20)]
    assert tested.task.late == {"clicks": 3}


def test_the_timestamp_is_the_latest_in_the_window() -> None:
    """A record out of order does not make it older."""
    assert clicks(counted(tumbling(10, grace=10)), 8, 3) == [(0, 1, 8), (0, 2, 8)]


def test_null_keys_are_dropped_and_null_values_counted() -> None:
    """As Kafka Streams does (KStreamWindowAggregate)."""
    tested = counted(tumbling(10))
    assert tested.process("clicks", row(0, None, "a"), row(1, "k", None)) == [("counts", Windowed("k", 0, 10), 1, 1)]
    assert tested.task.dropped == {"clicks": 1}


def test_a_dropped_record_does_not_move_stream_time() -> None:
    """A null key is not seen by the operator."""
    tested = counted(tumbling(10))
    tested.process("clicks", row(0, None, "a", 500))
    assert clicks(tested, 5) == [(0, 1, 5)]


def test_a_null_aggregate_deletes_the_window() -> None:
    """And the next record begins it anew."""
    topology = Topology(
        "t",
        stream(CLICKS)
        .group_by_key()
        .windowed_by(tumbling(10))
        .aggregate(lambda: 0, lambda count, word: None if word == "stop" else count + 1, "clicks", value=int),
    )
    tested = bench(topology)
    tested.process("clicks", row(0, "k", "a"), row(1, "k", "a"), row(2, "k", "stop"))
    assert tested.table("clicks") == {}
    tested.process("clicks", row(3, "k", "a"))
    assert tested.table("clicks") == {("k", 0): 1}


def test_rows_stay_as_long_as_the_author_wants() -> None:
    """Back from the start of the newest window; they are removed at the commit, one window later."""
    tested = counted(tumbling(10), retention=30)
    clicks(tested, 0, 10, 20, 49)
    tested.task.expire()
    assert list(tested.table("clicks")) == [("k", 10), ("k", 20), ("k", 40)]


@given(
    st.lists(st.integers(0, 200), max_size=40),
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(0, 40),
)
def test_counts_what_a_look_at_all_records_counts(times: Sequence[int], size: int, advance: int, grace: int) -> None:
    """For any windows: each record is in every window around it that has not closed, else it is late there."""
    windows = TimeWindows(size, min(advance, size), grace)
    tested = counted(windows)
    clicks(tested, *times)
    expected: dict[tuple[str, int], int] = {}
    late, observed = 0, -1
    for time in times:
        observed = max(observed, time)
        for start in range(0, time + 1, windows.advance):
            if start <= time < start + size:
                if start + size <= observed - grace:
                    late += 1
                else:
                    expected["k", start] = expected.get(("k", start), 0) + 1
    assert tested.table("clicks") == expected
    assert tested.task.late.get("clicks", 0) == late
