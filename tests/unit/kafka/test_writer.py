"""Records on their way into batches: what is in a batch, in which order, how large it may be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from streamapp.kafka.batches import Batch, BatchFiller, Compression
from streamapp.kafka.errors import RecordTooLargeError
from streamapp.kafka.producer import BatchProducer
from streamapp.kafka.writer import BatchWriter

Record = tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]

COMPRESSIONS: tuple[Compression, ...] = ("none", "zstd")


def filler(
    limit: int = 1_000_000, batch_bytes: int = 4_096, compression: Compression = "none", *, transactional: bool = False
) -> BatchFiller:
    """A filler whose topics all have one limit."""
    return BatchFiller({"t": limit}, compression, batch_bytes, transactional=transactional)


def written(batch: Batch) -> bytes:
    """The bytes a broker would get."""
    batch._set_producer_state(7, 1, 0)
    return bytes(batch._build())


def records(batch: Batch) -> list[Record]:
    """The records of a batch as a consumer decodes them."""
    content = MemoryRecords(written(batch)).next_batch()
    assert content is not None
    assert content.validate_crc()
    return [(record.timestamp, record.key, record.value, tuple(record.headers)) for record in content]


def size_of(value: bytes) -> int:
    """The size of a batch that holds one record."""
    one = filler()
    one.put("t", 0, 1_000, b"k", value, ())
    ((_, batch),) = one.take_all()
    return len(written(batch))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_records_arrive_as_they_were_put(compression: Compression) -> None:
    """Null keys and values, headers of either kind and time stamps in any order come out as they went in."""
    put: list[Record] = [
        (1_700_000_000_000, b"k", b"v", ()),
        (5, None, b"v" * 500, (("a", b"1"), ("b", None), ("a", b"2"))),
        (1_800_000_000_000, b"k", None, (("ä", b""),)),
        (0, b"", b"", ()),
    ]
    fill = filler(compression=compression)
    for timestamp, key, value, headers in put:
        fill.put("t", 0, timestamp, key, value, headers)
    ((at, batch),) = fill.take_all()
    assert at == ("t", 0)
    assert batch.record_count() == len(put)
    assert records(batch) == put


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**41), st.binary(max_size=900)), max_size=60),
    st.sampled_from(COMPRESSIONS),
)
def test_order_is_kept_for_each_partition(puts: list[tuple[int, int, bytes]], compression: Compression) -> None:
    """However records are spread over partitions and batches, each partition has its own, in the order of `put`."""
    fill = filler(batch_bytes=1_500, compression=compression)
    taken: list[tuple[tuple[str, int], Batch]] = []
    for number, (partition, timestamp, value) in enumerate(puts):
        fill.put("t", partition, timestamp, None, value, ())
        if number % 7 == 0:
            taken += fill.take_full()
    taken += fill.take_all()
    out: dict[int, list[tuple[int, bytes | None]]] = {}
    for (_, partition), batch in taken:
        out.setdefault(partition, []).extend((timestamp, value) for timestamp, _, value, _ in records(batch))
    wanted: dict[int, list[tuple[int, bytes | None]]] = {}
    for partition, timestamp, value in puts:
        wanted.setdefault(partition, []).append((timestamp, value))
    assert out == wanted


def test_no_batch_is_larger_than_its_size_or_its_topics_limit() -> None:
    """Many records make batches as large as is allowed and not a byte larger, uncompressed."""
    for limit, batch_bytes in ((10_000, 2_000), (2_000, 10_000)):
        fill = filler(limit, batch_bytes)
        for number in range(1_000):
            fill.put("t", 0, number, b"k", b"v" * (number % 300), ())
        sizes = [len(written(batch)) for _, batch in fill.take_full()]
        assert sizes
        assert max(sizes) <= 2_000
        assert all(size + after > 2_000 for size, after in pairwise(sizes))


def test_a_record_may_be_as_large_as_its_topics_limit() -> None:
    """A batch of one record may have exactly `max.message.bytes`, even when batches are full at less."""
    value = b"v" * 3_000
    fill = filler(size_of(value), batch_bytes=100)
    fill.put("t", 0, 1_000, b"k", value, ())
    ((_, batch),) = fill.take_all()
    assert len(written(batch)) == size_of(value)


def test_a_record_that_is_too_large_enters_no_batch() -> None:
    """It is refused with topic, size and limit; records before and after it are kept, as is their order."""
    value = b"v" * 3_000
    limit = size_of(value) - 1
    fill = filler(limit)
    fill.put("t", 0, 1, b"before", b"", ())
    with pytest.raises(
        RecordTooLargeError, match=rf"'t' takes {limit + 1} bytes, the topic accepts {limit}: .*"
    ) as info:
        fill.put("t", 0, 2, b"k", value, ())
    assert "max.message.bytes" in str(info.value)
    fill.put("t", 0, 3, b"after", b"", ())
    assert [key for _, batch in fill.take_all() for _, key, _, _ in records(batch)] == [b"before", b"after"]


def test_a_refused_first_record_leaves_no_batch() -> None:
    """A partition whose only record was refused has nothing to send."""
    fill = filler(limit=100)
    with pytest.raises(RecordTooLargeError):
        fill.put("t", 0, 1, None, b"v" * 100, ())
    assert fill.take_all() == []


def test_only_full_batches_are_taken_before_the_end() -> None:
    """`take_full` leaves the batch that is being filled; `take_all` gives it, once."""
    fill = filler(batch_bytes=1_000)
    fill.put("t", 0, 1, None, b"v", ())
    assert fill.take_full() == []
    fill.put("t", 0, 2, None, b"v" * 950, ())
    assert [batch.count for _, batch in fill.take_full()] == [1]
    assert [batch.count for _, batch in fill.take_all()] == [1]
    assert fill.take_all() == []


def test_what_is_forgotten_is_never_taken() -> None:
    """Neither full nor open batches survive `forget`."""
    fill = filler(batch_bytes=1_000)
    for number in range(50):
        fill.put("t", 0, number, None, b"v" * 100, ())
    fill.forget()
    assert fill.take_all() == []
    fill.put("t", 0, 99, None, b"new", ())
    assert [records(batch) for _, batch in fill.take_all()] == [[(99, None, b"new", ())]]


@pytest.mark.parametrize("transactional", [True, False])
def test_a_batch_says_whether_it_is_part_of_a_transaction(*, transactional: bool) -> None:
    """Readers tell the two apart by this bit of the batch."""
    fill = filler(transactional=transactional)
    fill.put("t", 0, 1, None, b"v", ())
    content = MemoryRecords(written(fill.take_all()[0][1])).next_batch()
    assert content is not None
    assert content.is_transactional == transactional


def test_a_writer_refuses_what_is_too_large_before_anything_is_connected() -> None:
    """`BatchWriter.put` checks by itself; a topic it was told nothing of has Kafka's default limit."""
    writer = BatchWriter(BatchProducer(bootstrap_servers="127.0.0.1:1"), limits={"small": 200})
    with pytest.raises(RecordTooLargeError, match="'small'"):
        writer.put("small", 0, 1, None, b"v" * 200, ())
    writer.put("other", 0, 1, None, b"v" * 1_000_000, ())
    with pytest.raises(RecordTooLargeError, match="accepts 1048588"):
        writer.put("other", 0, 1, None, b"v" * 1_048_588, ())
