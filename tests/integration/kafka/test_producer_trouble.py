"""A broker that is late, dies, hangs or comes back: nothing is lost, nothing is doubled, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.client import CoordinationType

from streamapp.kafka.broker.probe import free_port
from streamapp.kafka.broker.server import Broker
from streamapp.kafka.broker.status import HOST, BrokerStatus
from streamapp.kafka.errors import (
    DeliveryTimeoutError,
    RetriableKafkaError,
    TransactionAbortedError,
    UnknownOutcomeError,
)
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.producer import BatchProducer
from streamapp.kafka.writer import BatchWriter
from tests.integration.kafka.producing import FUTURE, PATIENCE, make_topic, put, some_id, started, until, values


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker of these tests, which may stop, kill or freeze it."""
    made = Broker(tmp_path_factory.mktemp("broker"))
    yield made
    made.stop()


@pytest.fixture
def own(server: Broker) -> Iterator[Broker]:
    """It runs when a test begins, whatever the test before has done to it."""
    server.start()
    yield server
    thaw(server)


def signal_to(server: Broker, number: signal.Signals) -> None:
    """Sends a signal to the broker's process, if it runs."""
    status = server.status()
    if status is not None:
        os.kill(status.nodes[0].process.pid, number)


def kill(server: Broker) -> None:
    """The broker is gone, without a word."""
    status = server.status()
    assert status is not None
    signal_to(server, signal.SIGKILL)
    while status.nodes[0].process.alive:
        time.sleep(0.01)


def freeze(server: Broker) -> None:
    """The broker keeps its connections and answers nothing; returns when each of its threads stands still."""
    status = server.status()
    assert status is not None
    signal_to(server, signal.SIGSTOP)
    threads = Path(f"/proc/{status.nodes[0].process.pid}/task")
    while any(stat.read_text().rpartition(") ")[2][0] != "T" for stat in threads.glob("*/stat")):
        time.sleep(0.01)


def thaw(server: Broker) -> None:
    """The broker goes on."""
    signal_to(server, signal.SIGCONT)


def impatient(producer: BatchProducer) -> None:
    """From now on a second is too long for an answer; before, a busy machine had time."""
    producer.delivery_timeout = 1.0
    if producer._transactions is not None:
        producer._transactions.timeout = 1.0


def address(server: Broker) -> str:
    """Where a broker of a test's own listens."""
    status = server.status()
    assert status is not None
    return status.bootstrap_servers


async def test_start_waits_for_a_broker_and_names_its_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody answers at first; when the broker is there, it goes on."""
    server = Broker(tmp_path / "broker")
    port = free_port(HOST)
    producer = BatchProducer(bootstrap_servers=f"127.0.0.1:{port}")
    with caplog.at_level(logging.WARNING, "streamapp"):
        starting = asyncio.create_task(producer.start())
        try:
            await until(lambda: _logged(caplog, f"no broker answers at 127.0.0.1:{port}"), "a warning")
            await asyncio.to_thread(server.start, port)
            await asyncio.wait_for(starting, PATIENCE)
            assert not producer.needs_replacing
        finally:
            starting.cancel()
            await producer.stop()
            server.stop()


async def _logged(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return text in caplog.text


@pytest.mark.parametrize("transactional", [False, True])
async def test_a_broker_that_dies_and_comes_back_loses_and_doubles_nothing(own: Broker, *, transactional: bool) -> None:
    """Killed while batches are on their way, back within the delivery timeout: every record once, in order."""
    broker = address(own)
    topic = await make_topic(broker, 2)
    name = some_id() if transactional else None
    async with started(broker, name, delivery_timeout=PATIENCE) as producer:
        writer = BatchWriter(producer, limits={}, batch_bytes=1_000, in_flight_bytes=20_000)
        if transactional:
            await producer.begin()
        wanted = [b"%d" % number for number in range(20_000)]
        back: asyncio.Future[BrokerStatus] | None = None
        for number, text in enumerate(wanted):
            put(writer, topic, text, partition=number % 2)
            if number % 50 == 0:
                if number == 10_000:
                    kill(own)
                    back = asyncio.ensure_future(asyncio.to_thread(own.start))
                await writer.pump()
        assert await writer.flush() == {(topic, 0): 10_000, (topic, 1): 10_000}
        if transactional:
            await producer.commit()
        assert back is not None
        await back
        assert not producer.needs_replacing
    assert await values(broker, topic, 0) == wanted[::2]
    assert await values(broker, topic, 1) == wanted[1::2]


async def test_a_broker_that_stays_away_is_a_delivery_timeout(own: Broker) -> None:
    """The flush ends, as does the producer; what it wrote is aborted by its successor, and never seen."""
    broker, name = address(own), some_id()
    topic = await make_topic(broker)
    async with started(broker, name) as producer:
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"before")
        await writer.flush()
        impatient(producer)
        freeze(own)
        put(writer, topic, b"lost")
        with pytest.raises(DeliveryTimeoutError, match=rf"'{topic}' partition 0: .* {broker}"):
            await writer.flush()
        writer.discard()
        assert producer.needs_replacing
        await producer.abort()
        with pytest.raises(RetriableKafkaError):
            await producer.commit()
        with pytest.raises(RetriableKafkaError, match="its producer must be replaced"):
            await producer.begin()
        began = time.monotonic()
        await producer.stop()
        assert time.monotonic() - began < 8
        thaw(own)
        async with started(broker, name) as successor:
            writer = BatchWriter(successor, limits={})
            await successor.begin()
            put(writer, topic, b"after")
            await writer.flush()
            await successor.commit()
        assert await values(broker, topic) == [b"after"]


async def test_a_producer_that_asked_twice_ends_with_its_transaction(
    own: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """The first of two requests may reach the broker at any time: a later transaction would commit old offsets."""
    broker, name = address(own), some_id()
    topic = await make_topic(broker)
    member = GroupMetadata(name, -1, "", None)
    async with started(broker, name) as producer:
        await producer.begin()
        await producer.send_offsets(member, {(topic, 0): (1, "")})
        assert producer._client is not None
        for connection in producer._client.client._conns.values():
            connection._request_timeout = 0.5
        freeze(own)
        with caplog.at_level(logging.WARNING, "aiokafka"):
            asking = asyncio.create_task(producer.send_offsets(member, {(topic, 0): (2, "")}))
            await until(lambda: _logged(caplog, "TxnOffsetCommitRequest"), "a request that nobody answers")
        thaw(own)
        await asking
        await producer.commit()
        assert producer.needs_replacing
        with pytest.raises(RetriableKafkaError, match="late copy"):
            await producer.begin()


async def test_what_is_in_flight_is_bounded(own: Broker) -> None:
    """With a broker that answers nothing `pump` waits, and ends with the delivery timeout."""
    broker = address(own)
    topic = await make_topic(broker)
    async with started(broker) as producer:
        writer = BatchWriter(producer, limits={}, batch_bytes=10_000, in_flight_bytes=50_000)
        await producer.find((topic, 0))
        impatient(producer)
        freeze(own)
        put(writer, topic, *[b"v" * 1_000] * 1_000)
        with pytest.raises(DeliveryTimeoutError):
            await writer.pump()
        assert 40_000 < writer._in_flight < 60_000
        thaw(own)


async def test_stop_does_not_wait_for_what_the_socket_does_not_take(own: Broker) -> None:
    """A request of 16 MiB, more than the kernel keeps for us, on its way to a broker that hangs is dropped."""
    broker = address(own)
    topic = await make_topic(broker, 32)
    async with started(broker, some_id()) as producer:
        writer = BatchWriter(producer, limits={}, compression="none", in_flight_bytes=32_000_000)
        await producer.begin()
        for partition in range(32):
            put(writer, topic, b"a", partition=partition)
        await writer.flush()
        impatient(producer)
        freeze(own)
        for number in range(640):
            put(writer, topic, b"v" * 50_000, partition=number % 32)
        with pytest.raises(DeliveryTimeoutError):
            await writer.flush()
        began = time.monotonic()
        await producer.stop()
        assert time.monotonic() - began < 8
        thaw(own)


async def test_a_commit_without_an_answer_has_an_unknown_outcome(own: Broker) -> None:
    """All or nothing of it is seen in the end, and the producer that does not know must be replaced."""
    broker, name = address(own), some_id()
    topic = await make_topic(broker)
    async with started(broker, name) as producer:
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"a", b"b")
        await writer.flush()
        impatient(producer)
        freeze(own)
        with pytest.raises(UnknownOutcomeError, match=name):
            await producer.commit()
        assert producer.needs_replacing
        thaw(own)
        async with started(broker, name):
            assert await values(broker, topic) in ([], [b"a", b"b"])


async def test_a_commit_that_could_not_be_sent_is_never_final(own: Broker) -> None:
    """The broker is gone before the commit: that is known to be undone, and stays so when the broker is back."""
    broker, name = address(own), some_id()
    topic = await make_topic(broker)
    async with started(broker, name) as producer:
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"undone")
        await writer.flush()
        impatient(producer)
        kill(own)
        await until(lambda: _disconnected(producer), "the connections are seen to be closed")
        with pytest.raises(TransactionAbortedError):
            await producer.commit()
        assert producer.needs_replacing
        assert producer._client is not None
        assert producer._client.sender.sender_task.done(), "it would still send the end of the transaction"
        await asyncio.to_thread(own.start)
        async with started(broker, name):
            assert await values(broker, topic) == []


async def _disconnected(producer: BatchProducer) -> bool:
    assert producer._client is not None
    return not any(conn.connected() for conn in producer._client.client._conns.values())


async def test_offsets_without_an_answer_can_be_tried_again(own: Broker) -> None:
    """Nothing of the transaction is final: the end was never sent."""
    broker, name = address(own), some_id()
    topic = await make_topic(broker)
    async with started(broker, name) as producer:
        await producer.begin()
        impatient(producer)
        freeze(own)
        with pytest.raises(RetriableKafkaError):
            await producer.send_offsets(GroupMetadata(name, 1, "m", None), {(topic, 0): (1, "")})
        assert producer.needs_replacing
        began = time.monotonic()
        await producer.stop()
        assert time.monotonic() - began < 8
        thaw(own)


async def test_a_commit_outlives_the_broker_that_is_asked_for_its_coordinator(own: Broker) -> None:
    """It dies with the question unanswered, is back before the time is up, and the transaction is committed."""
    broker = address(own)
    topic = await make_topic(broker)
    async with started(broker, some_id(), delivery_timeout=PATIENCE) as producer:
        writer = BatchWriter(producer, limits={})
        await producer.begin()
        put(writer, topic, b"kept")
        await writer.flush()
        assert producer._client is not None
        producer._client.sender._coordinator_dead(CoordinationType.TRANSACTION)
        freeze(own)
        committing = asyncio.create_task(producer.commit())
        await until(lambda: _asked(producer), "a request is on its way")
        kill(own)
        await asyncio.to_thread(own.start)
        await committing
        assert not producer.needs_replacing
    assert await values(broker, topic) == [b"kept"]


async def _asked(producer: BatchProducer) -> bool:
    assert producer._client is not None
    return any(conn._requests for conn in producer._client.client._conns.values())


async def test_nothing_is_reported_as_never_retrieved(
    own: Broker, recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Batches that fail after a discard, and a producer that is stopped in the middle, leave no trace in the log."""
    broker = address(own)
    topic = await make_topic(broker)
    producer = BatchProducer(bootstrap_servers=broker, transactional_id=some_id())
    await producer.start()
    writer = BatchWriter(producer, limits={}, batch_bytes=1_000)
    await producer.begin()
    put(writer, topic, b"refused", timestamp=FUTURE)
    put(writer, topic, *[b"v" * 100] * 100)
    await writer.pump()
    writer.discard()
    impatient(producer)
    freeze(own)
    await producer.abort()
    await producer.stop()
    await producer.stop()
    thaw(own)
    del producer, writer
    gc.collect()
    await asyncio.sleep(0)
    assert "never retrieved" not in caplog.text
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]
