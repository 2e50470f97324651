"""Whole batches from a real log: nothing skipped, nothing invented, and no waiting for what is there."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from streamapp.kafka import Admin, BatchConsumer, CorruptRecordError, OffsetOutOfRangeError
from streamapp.kafka.broker.server import Broker
from tests.integration.kafka.reading import new_topic, read_to, reader, stock_producer, unique, write


@pytest.mark.parametrize("compression", [None, "gzip", "snappy", "lz4", "zstd"])
async def test_records_arrive_as_they_were_sent(broker: str, compression: str | None) -> None:
    """Key, value, timestamp and headers, in order, over several batches and partitions."""
    topic = await new_topic(broker, 2)
    sent: dict[int, list[tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]]] = {0: [], 1: []}
    async with stock_producer(broker, compression=compression) as producer:
        for number in range(3_000):
            row = (
                1_700_000_000_000 + number,
                None if number % 7 == 0 else b"key-%d" % number,
                None if number % 7 == 1 else b"value %d " % number * 8,
                (("n", b"%d" % number),) if number % 3 == 0 else (),
            )
            timestamp, key, value, headers = row
            await producer.send(topic, value, key, number % 2, timestamp, list(headers))
            sent[number % 2].append(row)
    async with reader(broker, {(topic, 0): 0, (topic, 1): 0}) as consumer:
        rows = await read_to(consumer, {(topic, 0): 1_500, (topic, 1): 1_500})
    for partition, expected in sent.items():
        found = rows[topic, partition]
        assert [row[0] for row in found] == list(range(1_500))
        assert [row[1:] for row in found] == expected


async def test_reading_can_begin_in_the_middle_of_a_batch(broker: str) -> None:
    """From the very offset that was asked for."""
    topic = await new_topic(broker)
    await write(broker, topic, [b"%d" % n for n in range(100)])
    async with reader(broker, {(topic, 0): 37}) as consumer:
        rows = await read_to(consumer, {(topic, 0): 100})
    assert [row[3] for row in rows[topic, 0]] == [b"%d" % n for n in range(37, 100)]


async def test_transactions(broker: str) -> None:
    """Committed records only, markers passed over; an open transaction is where the log ends for this reader."""
    topic = await new_topic(broker)
    at = (topic, 0)
    async with stock_producer(broker, transactional_id=unique("txn")) as producer:
        for number in range(6):
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"%d" % number, partition=0)
            await (producer.abort_transaction() if number % 3 == 1 else producer.commit_transaction())
        async with reader(broker, {at: 0}) as consumer:
            rows = await read_to(consumer, {at: 12})
            assert [row[3] for row in rows[at]] == [b"0", b"2", b"3", b"5"]
            assert consumer.end(at) == 12
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"open", partition=0)
            await write(broker, topic, [b"behind"])
            assert await consumer.take([at], 0.6) == {}
            assert consumer.end(at) == 12
        async with reader(broker, {at: 0}, "read_uncommitted") as consumer:
            rows = await read_to(consumer, {at: 14})
            assert [row[3] for row in rows[at]] == [b"0", b"1", b"2", b"3", b"4", b"5", b"open", b"behind"]
            assert consumer.end(at) == 14
        async with await Admin.connect(broker) as admin:
            assert await admin.ends([at]) == {at: 14}
        await producer.abort_transaction()
    async with reader(broker, {at: 12}) as consumer:
        assert [row[3] for row in (await read_to(consumer, {at: 15}))[at]] == [b"behind"]


async def test_a_record_wakes_who_waits_for_it(broker: str) -> None:
    """Long before the time is up."""
    topic = await new_topic(broker)
    async with reader(broker, {(topic, 0): 0}) as consumer:
        began = time.monotonic()
        waiting = asyncio.create_task(consumer.take([(topic, 0)], 30.0))
        await write(broker, topic, [b"at last"])
        assert [row[3] for row in (await waiting)[topic, 0].rows()] == [b"at last"]
        assert time.monotonic() - began < 15


async def test_nothing_is_nothing(broker: str) -> None:
    """An empty partition gives nothing in time, and its end is known all the same."""
    topic = await new_topic(broker)
    async with reader(broker, {(topic, 0): 0}) as consumer:
        assert consumer.end((topic, 0)) is None
        assert await consumer.take([(topic, 0)], 0.6) == {}
        assert consumer.end((topic, 0)) == 0
        assert await consumer.take([], 0.0) == {}
        assert consumer.end(("elsewhere", 0)) is None


async def test_only_what_is_asked_for_is_taken(broker: str) -> None:
    """A partition that nobody takes keeps what was fetched of it, and holds the others up for no time at all."""
    topic = await new_topic(broker, 2)
    for partition in (0, 1):
        await write(broker, topic, [b"%d" % n for n in range(10)], partition)
    async with reader(broker, {(topic, 0): 0, (topic, 1): 0}) as consumer:
        assert set(await read_to(consumer, {(topic, 0): 10})) == {(topic, 0)}
        for _ in range(5):
            await write(broker, topic, [b"more"])
            assert list(await consumer.take([(topic, 0)], 10.0)) == [(topic, 0)]
        assert len((await read_to(consumer, {(topic, 1): 10}))[topic, 1]) == 10


async def test_a_seek_drops_what_was_fetched(broker: str) -> None:
    """What is taken next begins where the seek said, however often."""
    topic = await new_topic(broker)
    at = (topic, 0)
    await write(broker, topic, [b"%d" % n for n in range(50)])
    dice = random.Random(1)
    async with reader(broker, {at: 0}) as consumer:
        for _ in range(20):
            target = dice.randrange(50)
            consumer.seek(at, target)
            if dice.random() < 0.5:
                await asyncio.sleep(0.01)
                consumer.seek(at, target := dice.randrange(50))
            fetched = (await consumer.take([at], 10.0))[at]
            assert (fetched.start, fetched.next) == (target, 50)
            assert [row[0] for row in fetched.rows()] == list(range(target, 50))


async def test_a_pause_holds_a_partition_back(broker: str) -> None:
    """Nothing comes of it until it is resumed, and then all of it."""
    topic = await new_topic(broker)
    at = (topic, 0)
    await write(broker, topic, [b"1"])
    async with reader(broker, {at: 0}) as consumer:
        consumer.pause([at])
        assert await consumer.take([at], 0.5) == {}
        consumer.resume([at])
        assert (await consumer.take([at], 10.0))[at].next == 1


async def test_another_assignment_replaces_the_first(broker: str) -> None:
    """One reader serves one restore after the other."""
    first, second = await new_topic(broker), await new_topic(broker)
    await write(broker, first, [b"1"])
    await write(broker, second, [b"2"])
    async with reader(broker, {(first, 0): 0}) as consumer:
        await read_to(consumer, {(first, 0): 1})
        consumer.assign([(second, 0)])
        consumer.seek((second, 0), 0)
        assert [row[3] for row in (await read_to(consumer, {(second, 0): 1}))[second, 0]] == [b"2"]
        consumer.assign([])
        assert await consumer.take([(second, 0)], 0.1) == {}


async def test_offsets_outside_the_log_are_named(broker: str) -> None:
    """Below its start with the number of records lost, and behind its end; another seek mends it."""
    topic = await new_topic(broker)
    at = (topic, 0)
    await write(broker, topic, [b"%d" % n for n in range(10)])
    async with await Admin.connect(broker) as admin:
        await admin.delete_records({at: 4})
    async with reader(broker, {at: 1}) as consumer:
        with pytest.raises(OffsetOutOfRangeError, match="offset 1 was asked for, but the log holds 4 to 10") as below:
            await consumer.take([at], 10.0)
        assert below.value.below
        assert "3 records were deleted" in str(below.value)
        consumer.seek(at, 11)
        with pytest.raises(OffsetOutOfRangeError, match="made anew or truncated") as above:
            await consumer.take([at], 10.0)
        assert not above.value.below
        consumer.seek(at, 4)
        assert len((await read_to(consumer, {at: 10}))[at]) == 6


async def test_a_reader_that_was_stopped_does_not_wait(broker: str) -> None:
    """Neither one that waits at that moment, nor a second stop."""
    topic = await new_topic(broker)
    async with reader(broker, {(topic, 0): 0}) as consumer:
        waiting = asyncio.create_task(consumer.take([(topic, 0)], 60.0))
        await asyncio.sleep(0)
        await consumer.stop()
        assert await waiting == {}


async def test_before_the_start_there_is_nothing_to_take(broker: str) -> None:
    """A programming error is told as one."""
    consumer = BatchConsumer(bootstrap_servers=broker)
    with pytest.raises(RuntimeError, match="start"):
        await consumer.take([], 0.0)
    await consumer.stop()
    async with reader(broker, {}) as alone:
        with pytest.raises(RuntimeError, match="group_id"):
            alone.group_metadata()


async def test_damage_and_a_broker_that_goes_away(tmp_path: Path) -> None:
    """Damaged bytes on disk are an error with their place, after what is sound; a broker may come and go meanwhile."""
    server = Broker(tmp_path)
    try:
        where = (await asyncio.to_thread(server.start)).bootstrap_servers
        topic = await new_topic(where)
        at = (topic, 0)
        for text in (b"sound", b"rotten", b"never seen"):
            await write(where, topic, [text])
        async with reader(where, {at: 0}) as consumer:
            await asyncio.to_thread(server.stop)
            _damage(tmp_path, topic, b"rotten")
            assert (await asyncio.to_thread(server.start)).bootstrap_servers == where
            consumer.seek(at, 0)  # drops what it had fetched before
            assert [row[3] for row in (await read_to(consumer, {at: 1}))[at]] == [b"sound"]
            with pytest.raises(CorruptRecordError, match=rf"topic '{topic}' partition 0: the batch at offset 1 failed"):
                await consumer.take([at], 10.0)
            consumer.seek(at, 2)
            assert [row[3] for row in (await read_to(consumer, {at: 3}))[at]] == [b"never seen"]
            await asyncio.to_thread(server.stop)
            assert await consumer.take([at], 0.5) == {}
    finally:
        await asyncio.to_thread(server.stop)


def _damage(folder: Path, topic: str, text: bytes) -> None:
    """Changes a byte of the record on disk, as a failing disk does."""
    (segment,) = folder.rglob(f"{topic}-0/00000000000000000000.log")
    data = segment.read_bytes()
    segment.write_bytes(data.replace(text, text.swapcase()))
