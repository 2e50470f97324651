"""The value per key and window start: the same in memory and in RocksDB."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from streamapp.state import Query, ScanRow
from tests.unit.state.conftest import Opener
from tests.unit.state.stores import Stores, key_value, windows


def filled(opened: Opener) -> Stores:
    """Windows 0, 10, 20 and 30 of keys a, ab and b; the value is the start. 20 and 30 are dirty."""
    stores = opened(windows())
    for start in (10, 0, 20, 30):
        if start == 20:
            stores.commit()
        for key in ("b", "a", "ab"):
            stores.only().put(key, start, start, start + 5)
    return stores


def test_gives_back_each_window_of_a_key(opened: Opener) -> None:
    """Key and start together are the row's name."""
    store = filled(opened).only()
    assert [store.get("a", start) for start in (0, 10, 20, 5)] == [(0, 5), (10, 15), (20, 25), None]
    assert store.get("c", 0) is None


@pytest.mark.parametrize(
    ("earliest", "latest", "expected"),
    [(0, 30, [0, 10, 20, 30]), (1, 29, [10, 20]), (10, 10, [10]), (31, 99, []), (-50, 0, [0]), (20, 10, [])],
)
def test_fetches_the_windows_of_one_key(opened: Opener, earliest: int, latest: int, expected: list[int]) -> None:
    """Both ends belong to it; oldest first; other keys are left out, longer and shorter ones too."""
    store = filled(opened).only()
    for key in ("a", "ab", "b"):
        assert [(start, value) for start, value, _ in store.fetch(key, earliest, latest)] == [
            (start, start) for start in expected
        ]
    assert list(store.fetch("aa", earliest, latest)) == []


def test_a_deleted_window_is_gone(opened: Opener) -> None:
    """Whether it was committed or not, for `get`, `fetch`, `scan` and after a restart."""
    stores = filled(opened)
    for start in (0, 20):
        stores.only().put("a", start, None, 99)
    for _ in range(2):
        assert [stores.only().get("a", start) for start in (0, 20)] == [None, None]
        assert [start for start, _, _ in stores.only().fetch("a", 0, 99)] == [10, 30]
        assert [start for key, start, _ in stores.rows("per-minute") if key == "a"] == [10, 30]
        stores.commit()
        stores.reopen()


def test_the_log_has_kafkas_windowed_keys(opened: Opener) -> None:
    """Key bytes, then 8 bytes of start, big-endian (TimeWindowedSerializer); the record's timestamp."""
    stores = opened(windows())
    stores.only().put("ada", 300_000, 7, 300_001)
    assert stores.state.changes() == {"per-minute": [(b"ada" + struct.pack(">q", 300_000), b"7", 300_001)]}


def test_expired_windows_are_hidden_at_once(opened: Opener) -> None:
    """Reads do not see them and puts do nothing, before the commit has removed anything."""
    stores = filled(opened)
    stores.only().expire(20)
    stores.only().put("a", 10, 99, 99)
    assert stores.only().get("a", 10) is None
    assert stores.only().peek("a", 10) is None
    assert [start for start, _, _ in stores.only().fetch("a", 0, 99)] == [20, 30]
    assert {start for _, start, _ in stores.rows("per-minute")} == {20, 30}


def test_the_horizon_never_goes_back(opened: Opener) -> None:
    """What has expired stays expired."""
    store = filled(opened).only()
    store.expire(20)
    store.expire(10)
    assert store.get("a", 10) is None


def test_a_commit_removes_what_has_expired_and_tells_the_log(opened: Opener) -> None:
    """Committed windows get tombstones with their own timestamps; those the log never had are not mentioned."""
    stores = filled(opened)
    stores.only().expire(30)
    told = stores.state.changes()["per-minute"]
    assert [(key[:-8], struct.unpack(">q", key[-8:])[0], value, time) for key, value, time in told] == [
        *((key, start, None, start + 5) for start in (0, 10) for key in (b"a", b"ab", b"b")),
        *((key, 30, b"30", 35) for key in (b"b", b"a", b"ab")),
    ]
    stores.commit()
    assert stores.state.changes() == {"per-minute": []}
    stores.reopen()
    assert {start for _, start, _ in stores.rows("per-minute")} == {30}


def test_each_commit_removes_what_the_one_before_left(opened: Opener) -> None:
    """Also windows that are put behind the first one that is still there."""
    stores = opened(windows())
    for now in range(100, 200, 10):
        stores.only().put("late", now - 20, now, now)
        stores.only().put("early", now, now, now)
        stores.only().expire(now - 30)
        stores.commit()
        put = {*range(80, now - 10, 10), *range(100, now + 1, 10)}
        assert {start for _, start, _ in stores.rows("per-minute")} == {start for start in put if start >= now - 30}
        if now == 150:
            stores.reopen()


def test_a_window_put_before_the_oldest_one_is_removed_in_its_time(opened: Opener) -> None:
    """What is known of the oldest row is corrected by each commit."""
    stores = opened(windows())
    for start in (0, 100):
        stores.only().put("a", start, 1, 1)
    stores.commit()
    stores.only().expire(10)
    stores.commit()
    stores.only().put("a", 20, 1, 1)
    stores.commit()
    stores.only().expire(50)
    assert [value for _, value, _ in stores.state.changes()["per-minute"]] == [None]
    stores.commit()
    stores.reopen()
    assert stores.rows("per-minute") == [("a", 100, 1)]


def test_a_restored_window_older_than_the_oldest_is_removed_in_its_time(opened: Opener) -> None:
    """A restore may bring rows from before all that there were."""
    stores = opened(windows())
    for start in (0, 100):
        stores.only().put("a", start, 1, 1)
    stores.commit()
    stores.only().expire(10)
    stores.commit()
    stores.state.restore("per-minute", [(9, 1, b"b" + struct.pack(">q", 20), b"1", ())], 10)
    stores.only().expire(50)
    assert [key[:1] for key, _, _ in stores.state.changes()["per-minute"]] == [b"b"]


@pytest.mark.parametrize("many", [3, 1_500])
def test_many_expired_windows_go_as_one_range(opened: Opener, many: int) -> None:
    """Nothing that lives goes with them, and all of them reach the log."""
    stores = opened(windows())
    for number in range(many):
        stores.only().put(f"k{number}", number % 3 * 10, 1, 1)
    stores.only().put("last", 30, 1, 1)
    stores.commit()
    stores.only().put("new", 40, 1, 1)
    stores.only().expire(30)
    told = stores.state.changes()["per-minute"]
    assert len([key for key, value, _ in told if value is None]) == many
    stores.commit()
    stores.reopen()
    assert stores.rows("per-minute") == [("last", 30, 1), ("new", 40, 1)]


def test_rollback_brings_expired_windows_back(opened: Opener) -> None:
    """The horizon is that of the last commit again."""
    stores = filled(opened)
    stores.only().expire(30)
    stores.state.rollback()
    assert {start for _, start, _ in stores.rows("per-minute")} == {0, 10}
    assert stores.only().get("a", 10) == (10, 15)
    assert stores.state.changes() == {"per-minute": []}


def test_undo_leaves_no_trace_of_a_record(opened: Opener) -> None:
    """What a failed record put is taken back."""
    stores = filled(opened)
    stores.keep()
    before = stores.rows("per-minute"), stores.state.changes()
    stores.only().put("a", 0, 99, 99)
    stores.only().put("a", 20, None, 99)
    stores.only().put("z", 50, 99, 99)
    stores.undo()
    assert (stores.rows("per-minute"), stores.state.changes()) == before
    assert list(stores.only().fetch("z", 0, 99)) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), [(key, start) for start in (0, 10, 20, 30) for key in ("a", "ab", "b")]),
        (Query(newest_first=True), [(key, start) for start in (30, 20, 10, 0) for key in ("b", "ab", "a")]),
        (Query(prefix="a", from_ms=10, to_ms=30), [("a", 10), ("ab", 10), ("a", 20), ("ab", 20)]),
        (Query(after=("ab", 20)), [("b", 20), ("a", 30), ("ab", 30), ("b", 30)]),
        (Query(after=("ab", 10), newest_first=True), [("a", 10), ("b", 0), ("ab", 0), ("a", 0)]),
        (Query(newest_first=True, limit=2), [("b", 30), ("ab", 30)]),
        (Query(from_ms=31), []),
        (Query(to_ms=-5), []),
    ],
)
def test_scans_what_a_reader_asks_for(opened: Opener, query: Query, expected: list[tuple[str, int]]) -> None:
    """By window and prefix, in both directions, from behind the last row; dirty rows among the committed."""
    assert [(key, start) for key, start, _ in filled(opened).rows("per-minute", query)] == expected


def test_gives_the_windows_of_one_key_to_a_reader(opened: Opener) -> None:
    """In both directions, between two times, up to a limit."""
    store = filled(opened).only()
    assert list(store.windows("a", Query(from_ms=10, to_ms=30))) == [
        ScanRow("a", 10, 10, 15),
        ScanRow("a", 20, 20, 25),
    ]
    assert [row.start for row in store.windows("a", Query(newest_first=True, limit=3))] == [30, 20, 10]


def test_readers_of_committed_rows_never_see_dirty_ones(opened: Opener) -> None:
    """Neither what was put nor what was hidden since the commit."""
    stores = filled(opened)
    stores.only().expire(10)
    stores.only().put("a", 10, 99, 99)
    found = [(row.key, row.start, row.value) for row in stores.committed("per-minute").scan(Query())]
    assert found == [(key, start, start) for start in (0, 10) for key in ("a", "ab", "b")]


def test_no_window_begins_before_the_epoch(opened: Opener) -> None:
    """One that does has expired before it was put."""
    stores = opened(windows())
    stores.only().put("a", -1, 1, 1)
    assert (stores.only().get("a", -1), stores.rows("per-minute")) == (None, [])


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_values_that_can_change_are_copied(opened: Opener, value: Any) -> None:
    """Of windows too."""
    stores = opened(windows(value=type(value)))
    stores.only().put("a", 0, value, 1)
    next(stores.only().fetch("a", 0, 0))[1].clear()
    next(stores.state.scan("per-minute")).value.clear()
    assert stores.only().get("a", 0) == (value, 1)


def test_kinds_do_not_mix(opened: Opener) -> None:
    """Stores of one task are apart, whatever their keys."""
    stores = opened(key_value(), windows())
    stores["totals"].put("a", 1, 1)
    stores["per-minute"].put("a", 0, 2, 2)
    stores.commit()
    stores.reopen()
    assert (stores.rows("totals"), stores.rows("per-minute")) == ([("a", 1)], [("a", 0, 2)])
