"""The last value per key: the same in memory and in RocksDB."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streamapp.state import ChangedStateError, Query, ScanRow
from tests.unit.state.conftest import Opener
from tests.unit.state.stores import key_value


class Frozen(msgspec.Struct, frozen=True):
    """A value nobody can change."""

    lines: tuple[str, ...] = ()


def test_gives_back_the_last_value_and_its_timestamp(opened: Opener) -> None:
    """A later put replaces an earlier one, even with an older timestamp."""
    store = opened(key_value()).only()
    assert store.get("ada") is None
    store.put("ada", 1, 20)
    store.put("ada", 2, 10)
    assert store.get("ada") == (2, 10)


@pytest.mark.parametrize("value", [0, -(2**60), 2**60])
def test_keeps_values_over_a_restart(opened: Opener, value: int) -> None:
    """What was committed is there when it is opened again, timestamps before the epoch too."""
    stores = opened(key_value())
    stores.only().put("ada", value, -5)
    stores.commit()
    stores.reopen()
    assert stores.only().get("ada") == (value, -5)


def test_null_deletes(opened: Opener) -> None:
    """A key set to None is gone at once, after the commit and after a restart; the log gets a tombstone."""
    stores = opened(key_value())
    stores.only().put("ada", 1, 10)
    stores.commit()
    stores.only().put("ada", None, 11)
    assert stores.only().get("ada") is None
    assert stores.state.changes() == {"totals": [(b"ada", None, 11)]}
    stores.commit()
    assert stores.only().get("ada") is None
    stores.reopen()
    assert stores.only().get("ada") is None
    assert stores.rows("totals") == []


def test_a_key_put_and_deleted_before_the_commit_reaches_the_log_as_deleted(opened: Opener) -> None:
    """Only the last word on a key is told."""
    stores = opened(key_value())
    stores.only().put("ada", 1, 10)
    stores.only().put("ada", None, 11)
    assert stores.state.changes() == {"totals": [(b"ada", None, 11)]}


def test_dirty_rows_come_in_the_order_they_became_dirty(opened: Opener) -> None:
    """The log is written in that order."""
    stores = opened(key_value())
    for key, value in [("b", 1), ("a", 2), ("b", 3)]:
        stores.only().put(key, value, value)
    assert stores.state.changes() == {"totals": [(b"b", b"3", 3), (b"a", b"2", 2)]}


def test_nothing_is_dirty_after_a_commit(opened: Opener) -> None:
    """A second commit has nothing to tell."""
    stores = opened(key_value())
    stores.only().put("ada", 1, 10)
    stores.commit()
    assert stores.state.changes() == {"totals": []}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, ["a", "ab", "b", "c"]),
        ("ab", "b", ["ab", "b"]),
        ("aa", None, ["ab", "b", "c"]),
        (None, "a", ["a"]),
        ("c", "a", []),
    ],
)
def test_range_holds_both_ends(opened: Opener, start: str | None, end: str | None, expected: list[str]) -> None:
    """Committed and dirty rows in one order, deleted ones left out."""
    stores = opened(key_value())
    for key in ("c", "a", "x"):
        stores.only().put(key, 1, 1)
    stores.commit()
    stores.only().put("b", 2, 2)
    stores.only().put("ab", 2, 2)
    stores.only().put("x", None, 2)
    assert [key for key, _, _ in stores.only().range(start, end)] == expected


def test_range_sees_dirty_values_over_committed_ones(opened: Opener) -> None:
    """Of a row that has both, the dirty value counts, once."""
    stores = opened(key_value())
    stores.only().put("a", 1, 1)
    stores.commit()
    stores.only().put("a", 2, 2)
    assert list(stores.only().range()) == [("a", 2, 2)]


def test_range_is_complete_over_many_rows(opened: Opener) -> None:
    """Rows are read piece by piece; no seam is lost or doubled."""
    stores = opened(key_value())
    keys = [f"{number:05d}" for number in range(5_000)]
    for key in reversed(keys):
        stores.only().put(key, 1, 1)
    stores.commit()
    stores.reopen()
    assert [key for key, _, _ in stores.only().range()] == keys


def test_rows_may_change_while_a_range_is_read(opened: Opener) -> None:
    """A half-read range stays usable, and does not keep a folder open."""
    stores = opened(key_value())
    for key in "abcdef":
        stores.only().put(key, 1, 1)
    stores.commit()
    rows = stores.only().range()
    assert next(rows)[0] == "a"
    stores.only().put("a", 2, 2)
    stores.only().put("g", 2, 2)
    stores.commit()
    assert [key for key, _, _ in rows][:5] == list("bcdef")
    half_read = stores.only().range()
    next(half_read)
    stores.reopen()
    assert stores.only().get("a") == (2, 2)


def test_keys_that_only_look_equal_stay_apart(opened: Opener) -> None:
    """1, 1.0 and True are equal in Python and three keys in Kafka."""
    stores = opened(key_value(key=None, value=str))
    for key in (1, 1.0, True, "1"):
        stores.only().put(key, repr(key), 1)
    stores.commit()
    stores.reopen()
    assert [stores.only().get(key) for key in (1, 1.0, True, "1")] == [(repr(key), 1) for key in (1, 1.0, True, "1")]
    assert len(stores.rows("totals")) == 4


@pytest.mark.parametrize("type_", [dict, list, dict[str, int], list[int]])
def test_values_that_can_change_are_copied(opened: Opener, type_: Any) -> None:
    """Changing what was put, or what was got, changes no row."""
    stores = opened(key_value(value=type_))
    value: Any = [1] if type_ in (list, list[int]) else {"n": 1}
    original = value.copy()
    change = value.append if isinstance(value, list) else (lambda one: value.update(n=one))
    stores.only().put("ada", value, 1)
    change(2)
    assert stores.only().get("ada") == (original, 1)
    for held in (stores.only().get("ada")[0], stores.only().peek("ada")[0], next(stores.only().range())[1]):
        held.clear()
    assert stores.only().get("ada") == (original, 1)
    stores.commit()
    stores.only().get("ada")[0].clear()
    assert stores.only().get("ada") == (original, 1)
    stores.reopen()
    assert stores.only().get("ada") == (original, 1)


def test_values_that_cannot_change_are_not_copied(opened: Opener) -> None:
    """What was put is what is got, until it is loaded again."""
    stores = opened(key_value(value=Frozen))
    value = Frozen(("a",))
    stores.only().put("ada", value, 1)
    assert stores.only().get("ada")[0] is value


def test_undo_leaves_no_trace_of_a_record(opened: Opener) -> None:
    """What a failed record put is taken back; what records before it put stays."""
    stores = opened(key_value())
    store = stores.only()
    store.put("old", 1, 1)
    stores.commit()
    store.put("kept", 2, 2)
    stores.keep()
    store.put("kept", 3, 3)
    store.put("old", None, 3)
    store.put("new", 3, 3)
    stores.undo()
    assert [store.get(key) for key in ("old", "kept", "new")] == [(1, 1), (2, 2), None]
    assert stores.state.changes() == {"totals": [(b"kept", b"2", 2)]}
    assert stores.rows("totals") == [("kept", 2), ("old", 1)]


def test_a_value_that_cannot_be_written_changes_nothing(opened: Opener) -> None:
    """The codec's error comes out of the put, not out of the commit."""
    stores = opened(key_value(value=float))
    stores.only().put("ada", 1.5, 1)
    with pytest.raises(ValueError, match="not a number"):
        stores.only().put("ada", float("nan"), 2)
    assert stores.only().get("ada") == (1.5, 1)
    assert stores.state.changes() == {"totals": [(b"ada", b"1.5", 1)]}


def test_rollback_goes_back_to_the_last_commit(opened: Opener) -> None:
    """Dirty rows are dropped, deletions too."""
    stores = opened(key_value())
    for key in ("a", "b"):
        stores.only().put(key, 1, 1)
    stores.commit()
    stores.only().put("a", 2, 2)
    stores.only().put("b", None, 2)
    stores.only().put("c", 2, 2)
    stores.state.rollback()
    assert stores.rows("totals") == [("a", 1), ("b", 1)]
    assert [stores.only().get(key) for key in "abc"] == [(1, 1), (1, 1), None]
    assert stores.state.changes() == {"totals": []}


def test_readers_of_committed_rows_never_see_dirty_ones(opened: Opener) -> None:
    """A page shows what Kafka has, not what may yet be undone."""
    stores = opened(key_value())
    stores.only().put("a", 1, 1)
    stores.commit()
    stores.only().put("a", 2, 2)
    stores.only().put("b", 2, 2)
    assert list(stores.committed("totals").scan(Query())) == [ScanRow("a", None, 1, 1)]
    stores.commit()
    assert [row.value for row in stores.committed("totals").scan(Query())] == [2, 2]


def test_peek_leaves_no_trace(opened: Opener) -> None:
    """It finds what `get` finds."""
    stores = opened(key_value())
    stores.only().put("a", 1, 1)
    assert (stores.only().peek("a"), stores.only().peek("b")) == ((1, 1), None)
    stores.commit()
    stores.reopen()
    assert stores.only().peek("a") == (1, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), ["a", "ab", "b", "ba"]),
        (Query(prefix="a"), ["a", "ab"]),
        (Query(prefix="b", limit=1), ["b"]),
        (Query(after=("ab", None)), ["b", "ba"]),
        (Query(prefix="a", after=("a", None)), ["ab"]),
        (Query(limit=0), []),
        (Query(prefix="c"), []),
    ],
)
def test_scans_what_a_reader_asks_for(opened: Opener, query: Query, expected: list[str]) -> None:
    """By prefix, from behind the last row, up to a limit; dirty rows among the committed."""
    stores = opened(key_value())
    for key in ("ba", "a"):
        stores.only().put(key, 1, 1)
    stores.commit()
    for key in ("ab", "b"):
        stores.only().put(key, 1, 1)
    assert [key for key, _ in stores.rows("totals", query)] == expected


def test_a_prefix_of_keys_that_are_no_text_is_one_of_their_text(opened: Opener) -> None:
    """Numbers are found by their first digits."""
    stores = opened(key_value(key=int))
    for key in (7, 12, 123, 21):
        stores.only().put(key, key, 1)
    assert sorted(key for key, _ in stores.rows("totals", Query(prefix="12"))) == [12, 123]


def test_an_empty_key_is_a_key(opened: Opener) -> None:
    """Empty text has a row like any other."""
    stores = opened(key_value())
    stores.only().put("", 1, 1)
    stores.commit()
    stores.reopen()
    assert stores.only().get("") == (1, 1)
    assert stores.rows("totals") == [("", 1)]


def test_a_value_its_type_cannot_read_is_no_damage(opened: Opener) -> None:
    """The checksum is right and the codec refuses it: the type has changed, and the message says what to do."""
    stores = opened(key_value(value=str))
    stores.only().put("ada", "many", 1)
    stores.commit()
    stores.state.close()
    stores.specs = (key_value(),)
    stores.open()
    with pytest.raises(ChangedStateError, match="'totals' holds a value that its type cannot read"):
        stores.only().get("ada")
