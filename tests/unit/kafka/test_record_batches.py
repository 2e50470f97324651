"""Which records of fetched batches a reader sees, held against the client library's own reading of the same bytes."""

from __future__ import annotations

import gc
import struct
import weakref
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streamapp.kafka.errors import CorruptRecordError
from streamapp.kafka.records import Fetched, Row, visible_batches

AT = ("orders", 3)
COMPRESSIONS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
LOG_APPEND_TIME, CONTROL = 0x08, 0x20
ABORT, COMMIT = b"\x00\x00\x00\x00", b"\x00\x00\x00\x01"


def batch(
    base: int,
    rows: Sequence[tuple[int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]],
    *,
    compression: int = 0,
    producer: int = -1,
    transactional: bool = False,
    attributes: int = 0,
    last: int | None = None,
) -> bytes:
    """A batch as a broker has it: rows are offset from `base`, timestamp, key, value, headers.

    `last` is the offset from `base` of the last record there was before compaction.
    """
    builder = DefaultRecordBatchBuilder(2, compression, int(transactional), producer, 0, 0, 1 << 20)
    for row in rows:
        builder.append(*row)
    data = builder.build()
    struct.pack_into(">q", data, 0, base)
    (flags,) = struct.unpack_from(">h", data, 21)
    struct.pack_into(">h", data, 21, flags | attributes)
    if last is not None:
        struct.pack_into(">i", data, 23, last)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    return bytes(data)


def plain(base: int, count: int, **options: Any) -> bytes:
    """A batch of `count` records with consecutive offsets."""
    rows: Any = [
        (n, 1000 + base + n, b"k%d" % n, b"value %d " % (base + n) * 20, [("n", b"%d" % n)] if n % 2 else [])
        for n in range(count)
    ]
    return batch(base, rows, **options)


def marker(base: int, producer: int, kind: bytes) -> bytes:
    """The end of a transaction."""
    return batch(
        base, [(0, 0, kind, b"\x00\x00\x00\x00\x00\x00", [])], producer=producer, transactional=True, attributes=CONTROL
    )


def fetched(data: bytes, start: int = 0, aborted: Any = (), isolation: int = READ_COMMITTED) -> Fetched:
    """What a fetch from `start` hands over of these bytes."""
    records = reading(data, start, aborted, isolation)
    batches = visible_batches(records)
    return Fetched(AT, start, records.next_fetch_offset, None, batches)


def reading(data: bytes, start: int, aborted: Any, isolation: int) -> PartitionRecords:
    """The client library's reader of fetched bytes."""
    return PartitionRecords(TopicPartition(*AT), MemoryRecords(data), list(aborted), start, None, None, True, isolation)


def expected(data: bytes, start: int, aborted: Any, isolation: int) -> tuple[list[Row], int]:
    """The same rows and next offset, read by the client library one by one."""
    records = reading(data, start, aborted, isolation)
    rows = [(one.offset, one.timestamp, one.key, one.value, one.headers) for one in records]
    return rows, records.next_fetch_offset


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_every_field_of_a_record_arrives(name: str) -> None:
    """Offset, timestamp, key, value and headers, nulls included, whatever the compression."""
    value = b"compressible " * 50
    data = batch(
        40,
        [
            (0, 1_600_000_000_000, b"key", value, [("ce_id", b"1"), ("flag", None)]),
            (1, 1_600_000_000_500, None, value, []),
            (2, 1_599_999_999_999, b"key", None, [("ünicode", b"")]),
        ],
        compression=COMPRESSIONS[name],
    )
    found = fetched(data, start=40)
    assert found.rows() == [
        (40, 1_600_000_000_000, b"key", value, (("ce_id", b"1"), ("flag", None))),
        (41, 1_600_000_000_500, None, value, ()),
        (42, 1_599_999_999_999, b"key", None, (("ünicode", b""),)),
    ]
    assert (found.start, found.next) == (40, 43)
    assert (len(data) < 2 * len(value)) == (name != "none"), "compressed as it claims"


def test_rows_can_be_asked_for_twice() -> None:
    """A batch can be walked once only, its rows are kept."""
    found = fetched(plain(0, 3))
    assert found.rows() == found.rows()
    assert len(found.rows()) == 3


def test_a_batch_that_begins_before_the_start_is_cut() -> None:
    """A broker sends the whole batch the offset lies in."""
    found = fetched(plain(10, 5) + plain(15, 2), start=13)
    assert [row[0] for row in found.rows()] == [13, 14, 15, 16]
    assert (found.start, found.next) == (13, 17)


def test_gaps_of_compaction_are_passed_over() -> None:
    """Neither missing records nor a missing tail hold the position back."""
    rows: Any = [(0, 1, b"a", b"1", []), (4, 2, b"b", b"2", [])]
    found = fetched(batch(100, rows, last=9) + batch(120, [], last=4), start=97)
    assert [row[0] for row in found.rows()] == [100, 104]
    assert found.next == 125


def test_the_brokers_time_counts_where_the_topic_says_so() -> None:
    """With LogAppendTime every record has the batch's time."""
    rows: Any = [(0, 5, b"a", b"1", []), (1, 77, b"b", b"2", [])]
    assert [row[1] for row in fetched(batch(0, rows, attributes=LOG_APPEND_TIME)).rows()] == [77, 77]


def test_aborted_transactions_and_markers_are_not_records() -> None:
    """Of interleaved transactions only the committed one is seen, and `next` is behind the last marker."""
    data = (
        plain(0, 2, producer=7, transactional=True)
        + plain(2, 2, producer=8, transactional=True)
        + plain(4, 1)
        + marker(5, 7, ABORT)
        + marker(6, 8, COMMIT)
        + plain(7, 1, producer=7, transactional=True)
        + marker(8, 7, COMMIT)
    )
    found = fetched(data, aborted=[(7, 0)])
    assert [row[0] for row in found.rows()] == [2, 3, 4, 7]
    assert found.next == 9
    uncommitted = fetched(data, aborted=[(7, 0)], isolation=READ_UNCOMMITTED)
    assert [row[0] for row in uncommitted.rows()] == [0, 1, 2, 3, 4, 7]
    assert uncommitted.next == 9


def test_only_a_marker_moves_the_position() -> None:
    """A fetch that holds nothing else has no rows and a next offset all the same."""
    found = fetched(marker(31, 5, COMMIT), start=31)
    assert (found.rows(), found.next) == ([], 32)


def test_damage_ends_what_is_handed_over() -> None:
    """What is before a damaged batch is given, nothing behind it; damage at the front is an error."""
    good, bad = plain(0, 3), bytearray(plain(3, 3))
    bad[-10] ^= 1
    found = fetched(good + bytes(bad) + plain(6, 1))
    assert [row[0] for row in found.rows()] == [0, 1, 2]
    assert found.next == 3
    with pytest.raises(CorruptRecordException):
        fetched(bytes(bad), start=3)


def test_records_that_cannot_be_decoded_are_named() -> None:
    """A sound checksum over nonsense, as a broken producer writes it."""
    data = bytearray(plain(0, 2))
    data[61:] = b"\x55" * (len(data) - 61)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    with pytest.raises(CorruptRecordError, match="topic 'orders' partition 3: records between offsets 0 and 2"):
        fetched(bytes(data)).rows()


@st.composite
def logs(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]], int]:
    """Bytes of a log with transactions of three producers, which of them aborted, and an offset to read from."""
    data, at, began, aborted = b"", 0, dict[int, int](), []
    for _ in range(draw(st.integers(1, 12))):
        producer = draw(st.sampled_from([-1, 1, 2, 3]))
        if producer in began and draw(st.booleans()):
            kind = draw(st.sampled_from([ABORT, COMMIT]))
            if kind == ABORT:
                aborted.append((producer, began[producer]))
            del began[producer]
            data += marker(at, producer, kind)
            at += 1
            continue
        count, gap = draw(st.integers(1, 4)), draw(st.integers(0, 2))
        transactional = producer > 0 and draw(st.integers(0, 4)) > 0
        if transactional:
            began.setdefault(producer, at)
        data += plain(
            at,
            count,
            producer=producer,
            transactional=transactional,
            compression=draw(st.sampled_from(list(COMPRESSIONS.values()))),
            last=count - 1 + gap,
        )
        at += count + gap
    return data, draw(st.permutations(aborted)), draw(st.integers(0, at - 1))


@given(logs(), st.sampled_from([READ_COMMITTED, READ_UNCOMMITTED]))
def test_the_same_is_seen_as_by_the_client_library(log: Any, isolation: int) -> None:
    """For any log, isolation level and start: its rows, its next offset."""
    data, aborted, start = log
    data = from_batch_of(data, start)
    found = fetched(data, start, aborted, isolation)
    assert (found.rows(), found.next) == expected(data, start, aborted, isolation)


def from_batch_of(data: bytes, start: int) -> bytes:
    """The bytes a broker would send for a fetch from `start`: from the batch it lies in."""
    at = 0
    while True:
        base, length = struct.unpack_from(">qi", data, at)
        (last,) = struct.unpack_from(">i", data, at + 23)
        if base + last >= start:
            return data[at:]
        at += 12 + length


def test_what_was_fetched_is_freed_with_its_reader() -> None:
    """No collection is needed: at full speed the bytes of hundreds of fetches would wait for one."""
    records = reading(plain(0, 3), 0, (), READ_COMMITTED)
    gone = weakref.ref(records)
    gc.disable()
    try:
        visible_batches(records)
        del records
        assert gone() is None
    finally:
        gc.enable()


def last_of(value: bytes | None, timestamp: int) -> tuple[bytes | None, int]:
    """What is made of a record."""
    return value, timestamp


@pytest.mark.parametrize(("start", "before"), [(0, 99), (3, 99), (0, 7), (3, 7), (5, 5)])
def test_the_newest_of_each_key_is_what_the_rows_say_in_the_end(start: int, before: int) -> None:
    """Also where the reader begins and ends within a batch; a record without a key is counted and left out."""
    keyless: Any = [(0, 7, None, b"no key", []), (1, 8, b"k1", None, [])]
    data = plain(0, 4) + plain(4, 3) + batch(7, keyless)
    rows = [row for row in fetched(data, start).rows() if row[0] < before]
    newest, count = fetched(data, start).newest(before, last_of)
    assert newest == {row[2]: (row[3], row[1]) for row in rows if row[2] is not None}
    assert count == len(rows)


def test_parts_are_the_batches_and_end_where_the_whole_does() -> None:
    """Each goes on where the one before ended, over what compaction removed; nothing fetched is one empty part."""
    data = plain(0, 4, last=9) + plain(10, 3)
    parts = list(fetched(data, 2).parts())
    assert [(part.start, part.next) for part in parts] == [(2, 10), (10, 13)]
    assert [row for part in parts for row in part.rows()] == fetched(data, 2).rows()
    (empty,) = fetched(marker(5, 1, COMMIT), 5).parts()
    assert (empty.rows(), empty.next) == ([], 6)
