"""Keys go where every other Kafka client sends them."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import murmur2 as library_murmur2
from hypothesis import given
from hypothesis import strategies as st

from streamapp.kafka import Partitioner
from streamapp.kafka import partitioner as module
from streamapp.kafka.partitioner import murmur2

KNOWN = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""Kafka's own test vectors, as signed 32-bit numbers."""


@pytest.mark.parametrize("key", KNOWN)
def test_kafkas_vectors(key: bytes) -> None:
    """The digests of Kafka's own test."""
    assert murmur2(key) == KNOWN[key] & 0xFFFFFFFF


@given(st.binary(max_size=64), st.integers(1, 64))
def test_any_key_goes_where_the_client_library_would_send_it(key: bytes, partitions: int) -> None:
    """Every length and every byte, the sign bit cut off, not negated."""
    assert murmur2(key) == library_murmur2(key) & 0xFFFFFFFF
    assert Partitioner(partitions)(key) == (library_murmur2(key) & 0x7FFFFFFF) % partitions


def test_records_without_key_take_turns() -> None:
    """Null keys are spread evenly."""
    partitioner = Partitioner(3)
    assert [partitioner(None) for _ in range(6)] == [0, 1, 2, 0, 1, 2]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many keys neither fill the memory nor change where a key goes."""
    monkeypatch.setattr(module, "_REMEMBERED", 10)
    partitioner = Partitioner(7)
    keys = [b"%d" % n for n in range(100)]
    first = [partitioner(key) for key in keys]
    assert [partitioner(key) for key in keys] == first
    assert len(partitioner._known) <= 10


def test_a_topic_without_partitions_is_refused() -> None:
    """A count of 0 would only show as a division by zero later."""
    with pytest.raises(ValueError, match="not 0"):
        Partitioner(0)
