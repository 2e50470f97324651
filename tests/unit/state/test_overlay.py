"""Decoded rows over bytes: what is found where both have something to say."""

from __future__ import annotations

import pytest

from streamapp.formats import codec_for
from streamapp.state.layout import pack_row
from streamapp.state.memory import MemoryRows
from streamapp.state.overlay import Overlay, overlay
from streamapp.state.rows import Writes


def over(*keys: bytes, limit: int = 100) -> Overlay:
    """An overlay over committed rows of these keys."""
    committed = MemoryRows()
    committed.apply(Writes("s", [(key, pack_row(b"1", 1)) for key in keys]))
    return overlay("s", committed, codec_for(int), limit)


@pytest.mark.parametrize(
    ("put", "deleted", "expected"),
    [
        ([], [], b"b"),
        ([b"a"], [], b"a"),
        ([b"c"], [], b"b"),
        ([], [b"b"], b"d"),
        ([b"c"], [b"b"], b"c"),
        ([b"e"], [b"b", b"d"], b"e"),
        ([], [b"a", b"b", b"c", b"d"], None),
        ([b"a"], [b"a"], b"b"),
    ],
)
def test_seeks_the_first_key_that_has_a_row(put: list[bytes], deleted: list[bytes], expected: bytes | None) -> None:
    """Deleted rows are passed over, whether they were committed or not."""
    rows = over(b"b", b"d")
    for key in put:
        rows.put(key, 2, 2)
    for key in deleted:
        rows.put(key, None, 3)
    assert rows.seek(b"a") == expected


def test_keeps_no_more_than_its_limit_after_a_commit() -> None:
    """What was kept longest goes first; until then everything stays, dirty rows above all."""
    rows = over(limit=3)
    for number in range(10):
        rows.put(b"%d" % number, number, 1)
    assert [rows.get(b"%d" % number) for number in range(10)] == [(number, 1) for number in range(10)]
    rows.settle()
    assert list(rows._rows) == [b"7", b"8", b"9"]


def test_a_missing_row_is_looked_for_once() -> None:
    """Until a restore says that it may be there now."""
    rows = over()
    assert rows.get(b"a") is None
    assert rows._rows == {b"a": None}
    rows.forget()
    assert rows._rows == {}


def test_readers_leave_nothing_behind() -> None:
    """What they look at does not take the place of what the task uses."""
    rows = over(b"a", b"b")
    assert (rows.peek(b"a"), len(list(rows.scan()))) == ((1, 1), 2)
    assert rows._rows == {}


def test_values_whose_encoding_cannot_fail_are_encoded_once_per_commit() -> None:
    """All others at once, so that the record that put them is to blame."""
    rows = over()
    for value in range(5):
        rows.put(b"a", value, value)
    assert rows._dirty == {b"a": None}
    assert rows.changes() == [(b"a", b"4", 4)]
    rows.put(b"a", None, 9)
    assert rows._dirty == {b"a": (None, 9)}
