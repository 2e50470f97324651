"""Producer and writer on a real broker: what is written, what is seen and when, and what is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from streamapp.errors import FencedError, StreamappError
from streamapp.kafka.batches import Compression
from streamapp.kafka.errors import (
    KafkaError,
    RecordRefusedError,
    RecordTooLargeError,
    RetriableKafkaError,
    TransactionAbortedError,
)
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.writer import BatchWriter
from tests.integration.kafka.producing import FUTURE, make_topic, put, some_id, started, until, values

# -- writing -----------------------------------------------------------------------------------------------------------


async def test_flush_gives_the_offset_after_the_last_record(broker: str) -> None:
    """Of every partition written to since the last flush, and of no other; a commit takes an offset of its own."""
    topic = await make_topic(broker, 3)
    async with started(broker, some_id()) as producer:
        writer = BatchWriter(producer, limits={}, batch_bytes=300)
        await producer.begin()
        put(writer, topic, *[b"v"] * 100, partition=0)
        put(writer, topic, b"v", partition=2)
        assert await writer.flush() == {(topic, 0): 100, (topic, 2): 1}
        assert await writer.flush() == {}
        await producer.commit()
        await producer.begin()
        put(writer, topic, b"v", partition=0)
        assert await writer.flush() == {(topic, 0): 102}
        await producer.commit()


@pytest.mark.parametrize("compression", ["none", "zstd"])
async def test_order_is_kept_across_many_batches(broker: str, compression: Compression) -> None:
    """Thousands of records in hundreds of batches over several partitions are read as they were put."""
    topic = await make_topic(broker, 3)
    async with started(broker) as producer:
        writer = BatchWriter(producer, limits={}, compression=compression, batch_bytes=1_000, in_flight_bytes=10_000)
        for number in range(6_000):
            put(writer, topic, b"%d" % number, partition=number % 3)
            if number % 50 == 0:
                await writer.pump()
        ends = await writer.flush()
    assert ends == {(topic, partition): 2_000 for partition in range(3)}
    for partition in range(3):
        assert await values(broker, topic, partition) == [b"%d" % number for number in range(partition, 6_000, 3)]


async def test_what_a_topic_accepts_is_accepted_and_more_is_refused_here(broker: str) -> None:
    """A batch that fills `max.message.bytes` is taken by the broker; one byte more never gets there."""
    topic = await make_topic(broker, max_message_bytes="2000")
    largest = b"v" * 1_930
    async with started(broker) as producer:
        writer = BatchWriter(producer, limits={topic: 2_000}, compression="none")
        writer.put(topic, 0, 1, None, largest, ())
        with pytest.raises(RecordTooLargeError, match=f"{topic!r} takes 2001 bytes, the topic accepts 2000"):
            writer.put(topic, 0, 1, None, largest + b"v", ())
        put(writer, topic, *[b"small"] * 500)
        await writer.flush()
    assert await values(broker, topic) == [largest, *[b"small"] * 500]


async def test_a_refused_batch_is_an_error_that_names_it(broker: str) -> None:
    """Without a transaction too: the flush fails, the producer must be replaced, and its successor can write."""
    topic = await make_topic(broker, 2)
    async with started(broker) as producer:
        writer = BatchWriter(producer, limits={})
        put(writer, topic, b"good", partition=0)
        put(writer, topic, b"bad", partition=1, timestamp=FUTURE)
        with pytest.raises(RecordRefusedError, match=rf"'{topic}' partition 1: .*timestamp"):
            await writer.flush()
        assert producer.needs_replacing
        writer.discard()
        put(writer, topic, b"later")
        with pytest.raises(RetriableKafkaError, match="must be replaced"):
            await writer.flush()
    async with started(broker) as successor:
        assert not successor.needs_replacing
        writer = BatchWriter(successor, limits={})
        put(writer, topic, b"again", partition=1)
        await writer.flush()
    assert await values(broker, topic, 1) == [b"again"]


@pytest.mark.parametrize("name", [None, "transactional"])
async def test_the_end_of_the_background_task_fails_what_is_under_way(
    broker: str, caplog: pytest.LogCaptureFixture, name: str | None
) -> None:
    """With its own error, and with nothing of ours among the tracebacks of the event loop."""
    topic = await make_topic(broker)
    async with started(broker, name and some_id()) as producer:
        writer = BatchWriter(producer, limits={})
        if name is not None:
            await producer.begin()
        put(writer, topic, b"v")
        await writer.flush()
        assert producer._client is not None
        producer._client.client.cluster._partitions = None  # stands for any mistake in the task
        put(writer, topic, b"w")
        with pytest.raises(KafkaError, match=f"'{topic}' partition 0: .*Unexpected error during batch delivery"):
            await writer.flush()
        assert producer.needs_replacing
        writer.discard()
        put(writer, topic, b"x")
        with pytest.raises(RetriableKafkaError, match="must be replaced after KafkaError"):
            await writer.flush()
    assert "Exception in callback" not in caplog.text


async def test_what_is_discarded_is_not_written(broker: str) -> None:
    """Records and ends from before `discard` are gone; what comes after is complete."""
    topic = await make_topic(broker)
    async with started(broker) as producer:
        writer = BatchWriter(producer, limits={}, batch_bytes=1_000)
        put(writer, topic, *[b"x" * 100] * 100)
        writer.discard()
        assert await writer.flush() == {}
        put(writer, topic, b"new")
        assert await writer.flush() == {(topic, 0): 1}
    assert await values(broker, topic) == [b"new"]


async def test_a_partition_that_does_not_exist_is_named(broker: str) -> None:
    """Neither waited for nor forgotten."""
    topic = await make_topic(broker, 2)
    async with started(broker) as producer:
        writer = BatchWriter(producer, limits={})
        put(writer, topic, b"v", partition=2)
        with pytest.raises(RetriableKafkaError, match=f"'{topic}' has no partition 2: it has 2"):
            await writer.flush()


async def test_sequence_numbers_begin_again_after_the_last(broker: str) -> None:
    """After 2³¹ records of a partition an idempotent producer goes on counting at 0, also within a batch."""
    topic = await make_topic(broker)
    async with started(broker) as producer:
        assert producer._client is not None
        producer._client.manager._sequence_numbers[TopicPartition(topic, 0)] = 2**31 - 25
        writer = BatchWriter(producer, limits={}, batch_bytes=150)
        wanted = [b"%d" % number for number in range(60)]
        put(writer, topic, *wanted)
        assert await writer.flush() == {(topic, 0): 60}
    assert await values(broker, topic) == wanted


# -- transactions ------------------------------------------------------------------------------------------------------


async def test_a_transaction_is_seen_after_its_commit_only(broker: str) -> None:
    """Flushed records are in the log and hidden; the commit shows all of them, on every partition."""
    topic = await make_topic(broker, 2)
    at = TopicPartition(topic, 0)
    async with (
        started(broker, some_id()) as producer,
        AIOKafkaConsumer(bootstrap_servers=broker, isolation_level="read_committed") as reader,
    ):
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"a", b"b", partition=0)
        put(writer, topic, b"c", partition=1)
        await writer.flush()
        assert (await reader.end_offsets([at]))[at] == 0
        await producer.commit()
    assert await values(broker, topic, 0) == [b"a", b"b"]
    assert await values(broker, topic, 1) == [b"c"]


async def test_an_aborted_transaction_is_never_seen(broker: str) -> None:
    """Neither after the abort nor after the next commit of the same producer."""
    topic = await make_topic(broker)
    async with started(broker, some_id()) as producer:
        writer = BatchWriter(producer, limits={}, batch_bytes=200)
        await producer.begin()
        put(writer, topic, *[b"aborted" * 10] * 50)
        await writer.pump()
        writer.discard()
        await producer.abort()
        assert not producer.needs_replacing
        assert await values(broker, topic) == []
        await producer.begin()
        put(writer, topic, b"kept")
        await writer.flush()
        await producer.commit()
    assert await values(broker, topic) == [b"kept"]


async def test_an_abort_after_an_error_publishes_nothing_later(broker: str) -> None:
    """The client library's own abort sends no EndTxn after an error, and its next commit publishes what was aborted."""
    topic, name = await make_topic(broker, 2), some_id()
    async with started(broker, name) as producer:
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"aborted", partition=0)
        await writer.flush()
        put(writer, topic, b"refused", partition=1, timestamp=FUTURE)
        with pytest.raises(RecordRefusedError):
            await writer.flush()
        writer.discard()
        assert producer.needs_replacing
        await producer.abort()
        with pytest.raises(StreamappError):
            await producer.commit()
        async with started(broker, name) as successor:
            writer = BatchWriter(successor, limits={})
            await successor.begin()
            put(writer, topic, b"kept")
            await writer.flush()
            await successor.commit()
    assert await values(broker, topic) == [b"kept"]
    assert await values(broker, topic, 1) == []
    assert await values(broker, topic, isolation="read_uncommitted") == [b"aborted", b"kept"]


async def test_an_abort_after_an_error_of_the_library_publishes_nothing_later(broker: str) -> None:
    """Its `error_transaction` forgets what is in the transaction: its abort would leave that to the next commit."""
    topic, name = await make_topic(broker), some_id()
    async with started(broker, name) as producer:
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"aborted")
        await writer.flush()
        assert producer._client is not None
        producer._client.manager.error_transaction(TopicAuthorizationFailedError(topic))
        assert producer.needs_replacing
        await producer.abort()
        with pytest.raises(StreamappError):
            await producer.begin()
        async with started(broker, name) as successor:
            writer = BatchWriter(successor, limits={})
            await successor.begin()
            put(writer, topic, b"kept")
            await writer.flush()
            await successor.commit()
    assert await values(broker, topic) == [b"kept"]


async def test_a_commit_is_refused_after_a_refused_batch(broker: str) -> None:
    """Also when the caller goes on as if nothing had happened."""
    topic = await make_topic(broker, 2)
    async with started(broker, some_id()) as producer:
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"good", partition=0)
        put(writer, topic, b"bad", partition=1, timestamp=FUTURE)
        with suppress(RecordRefusedError):
            await writer.flush()
        with pytest.raises(TransactionAbortedError, match="can only be aborted"):
            await producer.commit()
        with pytest.raises(TransactionAbortedError):
            await producer.send_offsets(GroupMetadata("g", 1, "m", None), {(topic, 0): (1, "")})
    assert await values(broker, topic) == []


async def test_a_commit_needs_a_flush_before_it(broker: str) -> None:
    """What is in flight could still be refused, so it is not committed."""
    topic = await make_topic(broker)
    async with started(broker, some_id()) as producer:
        writer = BatchWriter(producer, limits={}, batch_bytes=200)
        await producer.begin()
        put(writer, topic, *[b"v" * 100] * 10)
        await writer.pump()
        with pytest.raises(StreamappError, match="flush first"):
            await producer.commit()
        await writer.flush()
        await producer.commit()
    assert len(await values(broker, topic)) == 10


async def test_wrong_order_of_steps_is_told(broker: str) -> None:
    """Writing, sending offsets and committing need a transaction; a second one cannot be begun."""
    topic = await make_topic(broker)
    async with started(broker, some_id()) as producer:
        writer = BatchWriter(producer, limits={})
        put(writer, topic, b"v")
        with pytest.raises(StreamappError, match="begin one first"):
            await writer.flush()
        with pytest.raises(StreamappError, match="begin one first"):
            await producer.commit()
        await producer.abort()
        await producer.begin()
        with pytest.raises(StreamappError, match="is open already"):
            await producer.begin()
    async with started(broker) as plain:
        with pytest.raises(StreamappError, match="no transactions"):
            await plain.begin()


async def test_the_same_transactional_id_fences_the_older_producer(broker: str) -> None:
    """Its records are refused, its commit is refused, nothing of it is seen, and the newer one works on."""
    topic, name = await make_topic(broker), some_id()
    async with started(broker, name) as old:
        writer = BatchWriter(old, limits={})
        await old.begin()
        put(writer, topic, b"old")
        await writer.flush()
        async with started(broker, name) as new:
            with pytest.raises(FencedError, match=name):
                await old.commit()
            assert old.needs_replacing
            await new.begin()
            writer = BatchWriter(new, limits={})
            put(writer, topic, b"new")
            await writer.flush()
            await new.commit()
    assert await values(broker, topic) == [b"new"]


async def test_a_fenced_producer_learns_it_when_it_writes(broker: str) -> None:
    """Before it comes to a commit."""
    topic, name = await make_topic(broker), some_id()
    async with started(broker, name) as old:
        writer = BatchWriter(old, limits={})
        await old.begin()
        put(writer, topic, b"old")
        await writer.flush()
        async with started(broker, name):
            put(writer, topic, b"older")
            with pytest.raises(FencedError, match="another process has taken this one's place"):
                await writer.flush()
    assert await values(broker, topic) == []


async def test_a_transaction_that_was_open_too_long_is_aborted_not_fenced(broker: str) -> None:
    """The broker refuses both with one code; only one of them means that another process has taken over."""
    topic, name = await make_topic(broker), some_id()
    at = TopicPartition(topic, 0)
    async with (
        started(broker, name, transaction_timeout_ms=1_000) as producer,
        AIOKafkaConsumer(bootstrap_servers=broker, isolation_level="read_committed") as reader,
    ):
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"late")
        await writer.flush()

        async def aborted() -> bool:
            return bool((await reader.end_offsets([at]))[at] == 2)

        await until(aborted, "the broker aborts a transaction after its timeout")
        with pytest.raises(TransactionAbortedError, match="longer than its timeout of 1 s"):
            await producer.commit()
        assert producer.needs_replacing
        async with started(broker, name) as successor:
            writer = BatchWriter(successor, limits={})
            await successor.begin()
            put(writer, topic, b"again")
            await writer.flush()
            await successor.commit()
    assert await values(broker, topic) == [b"again"]


async def test_stop_aborts_what_is_open(broker: str) -> None:
    """Readers do not have to wait for the transaction's timeout."""
    topic = await make_topic(broker)
    async with started(broker, some_id(), transaction_timeout_ms=600_000) as producer:
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"open")
        await writer.flush()
    assert await values(broker, topic) == []
