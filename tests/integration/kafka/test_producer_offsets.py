"""Offsets of a group inside a transaction: committed with it, and only on behalf of a member of today (KIP-447)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from streamapp.errors import StreamappError
from streamapp.kafka.errors import RetriableKafkaError, StaleMemberError, TransactionAbortedError
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.writer import BatchWriter
from tests.integration.kafka.producing import make_topic, put, some_id, started, until, values


@asynccontextmanager
async def member_of(broker: str, topic: str, group: str) -> AsyncIterator[GroupMetadata]:
    """A member of a group, as of its assignment."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, group_id=group, enable_auto_commit=False)
    async with consumer:
        await until(lambda: _assigned(consumer), "the group is formed")
        coordinator = consumer._coordinator
        yield GroupMetadata(group, coordinator.generation, coordinator.member_id, None)


async def _assigned(consumer: AIOKafkaConsumer) -> bool:
    return bool(consumer.assignment()) and consumer._coordinator.generation > 0


async def committed(broker: str, group: str) -> dict[tuple[str, int], tuple[int, str]]:
    """A group's offsets and their metadata, once they are stable: a commit's markers are written after its answer."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
        return {(at.topic, at.partition): (offset.offset, offset.metadata) for at, offset in offsets.items()}
    finally:
        await admin.close()


async def test_offsets_are_committed_with_the_transaction(broker: str) -> None:
    """Offsets and metadata appear with the commit, not with an abort, also when nothing else is written."""
    topic, group = await make_topic(broker, 2), some_id()
    async with member_of(broker, topic, group) as member, started(broker, group) as producer:
        await producer.begin()
        await producer.send_offsets(member, {(topic, 0): (5, "zero"), (topic, 1): (7, "ünö")})
        await producer.abort()
        await producer.begin()
        await producer.send_offsets(member, {})
        await producer.send_offsets(member, {(topic, 1): (9, "ünö")})
        assert await committed(broker, group) == {}
        await producer.commit()

        async def there() -> bool:
            return await committed(broker, group) == {(topic, 1): (9, "ünö")}

        await until(there, "offsets are committed")


async def test_a_stale_member_is_refused_and_its_transaction_aborted(broker: str) -> None:
    """An old generation and an unknown member cannot move an offset (KIP-447); the same producer goes on."""
    topic, group = await make_topic(broker), some_id()
    async with member_of(broker, topic, group) as member, started(broker, group) as producer:
        writer = BatchWriter(producer, limits={})
        old = GroupMetadata(group, member.generation - 1 or member.generation + 1, member.member_id, None)
        for stale in (old, GroupMetadata(group, member.generation, "nobody", None)):
            await producer.begin()
            put(writer, topic, b"stale")
            await writer.flush()
            with pytest.raises(StaleMemberError, match=group):
                await producer.send_offsets(stale, {(topic, 0): (1, "")})
            with pytest.raises(TransactionAbortedError):
                await producer.commit()
            writer.discard()
            assert not producer.needs_replacing
            await producer.abort()
        await producer.begin()
        put(writer, topic, b"kept")
        await writer.flush()
        await producer.send_offsets(member, {(topic, 0): (2, "")})
        await producer.commit()

        async def there() -> bool:
            return await committed(broker, group) == {(topic, 0): (2, "")}

        await until(there, "offsets are committed")
    assert await values(broker, topic) == [b"kept"]


async def test_a_member_that_has_left_is_refused(broker: str) -> None:
    """Another has its partitions by then."""
    topic, group = await make_topic(broker), some_id()
    async with member_of(broker, topic, group) as left:
        pass
    async with member_of(broker, topic, group), started(broker, group) as producer:
        await producer.begin()
        with pytest.raises(StaleMemberError):
            await producer.send_offsets(left, {(topic, 0): (1, "")})


async def test_metadata_that_is_too_long_is_an_error_of_its_own(broker: str) -> None:
    """A broker takes 4,096 bytes; more is refused again and again, so it is not tried again."""
    topic, group = await make_topic(broker), some_id()
    async with member_of(broker, topic, group) as member, started(broker, group) as producer:
        await producer.begin()
        with pytest.raises(StreamappError, match="OffsetMetadataTooLarge") as info:
            await producer.send_offsets(member, {(topic, 0): (1, "x" * 5_000)})
        assert not isinstance(info.value, RetriableKafkaError)
        await producer.abort()
