"""Composite keys and packed rows: they come back as they were, and sort as their parts do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamapp.dsl.format import Codec
from streamapp.engine.ordered import LAST_TIME, TIME, key_part, last_key_part, ordered
from streamapp.engine.packed import HEADERS, INTEGER, NOTHING, packed
from streamapp.engine.specs import StoreSpec
from streamapp.formats import raw
from streamapp.state.keyvalue import KeyValueStore
from streamapp.state.memory import MemoryRows

BYTES: Codec[bytes] = raw.codec(bytes)
TIMES = st.integers(-(2**63), LAST_TIME)
KEYS = st.binary(max_size=4) | st.sampled_from([b"", b"\0", b"\0\0", b"\0\xff", b"\xff", b"a", b"a\0", b"a\xff"])


@given(st.lists(st.tuples(KEYS, TIMES, TIMES)))
def test_a_key_first_sorts_by_key_then_times(rows: list[tuple[bytes, int, int]]) -> None:
    """Zero bytes in a key, or a key that begins another, do not change the order."""
    codec = ordered(key_part(BYTES), TIME, TIME)
    assert sorted(rows, key=codec.encode) == sorted(rows)
    assert [codec.decode(codec.encode(row)) for row in rows] == rows


@given(st.lists(st.tuples(TIMES, KEYS)))
def test_a_time_first_sorts_by_time_then_key(rows: list[tuple[int, bytes]]) -> None:
    """Negative times come first; a key at the end is compared byte by byte, as Kafka's stores do."""
    codec = ordered(TIME, last_key_part(BYTES))
    assert sorted(rows, key=codec.encode) == sorted(rows)
    assert [codec.decode(codec.encode(row)) for row in rows] == rows


@given(st.sets(st.tuples(KEYS, st.integers(0, 9))), KEYS, st.integers(0, 9))
def test_a_range_by_first_parts(rows: set[tuple[bytes, int]], key: bytes, low: int) -> None:
    """The rows of one key from a time on, and of no other key."""
    store = KeyValueStore(StoreSpec("s", "key-value", ordered(key_part(BYTES), TIME), NOTHING), MemoryRows(), limit=100)
    for row in rows:
        store.put(row, b"", 0)
    found = [row for row, _, _ in store.range((key, low), (key, LAST_TIME))]
    assert found == sorted(row for row in rows if row[0] == key and row[1] >= low)


HEADER_VALUES = st.lists(st.tuples(st.text(max_size=3), st.none() | st.binary(max_size=3))).map(tuple)


@given(st.none() | TIMES, st.none() | st.binary(max_size=5), HEADER_VALUES)
def test_packed_rows_come_back(
    number: int | None, data: bytes | None, headers: tuple[tuple[str, bytes | None], ...]
) -> None:
    """Nulls, empty bytes and headers without a value are told apart."""
    codec = packed(INTEGER, BYTES, HEADERS)
    assert codec.decode(codec.encode((number, data, headers))) == (number, data, headers)
