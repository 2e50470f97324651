"""Members of a group on a real broker: who has what, who may commit, and how one leaves and comes back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from aiokafka import TopicPartition as Partition

from streamapp.errors import FencedError
from streamapp.kafka import Admin, RetriableKafkaError, StaleMemberError
from streamapp.kafka.retry import persistently
from tests.integration.kafka.reading import (
    Member,
    member,
    new_topic,
    read_to,
    stock_producer,
    take_for_ever,
    unique,
    write,
)


async def test_a_group_shares_and_takes_over(broker: str) -> None:
    """Two members split the partitions; when one stops, the other has all of them long before a session ends."""
    topic, group = await new_topic(broker, 2), unique("group")
    async with member(broker, group, "one", [topic]) as first:
        await first.until_assigned((topic, 0), (topic, 1))
        async with member(broker, group, "two", [topic]) as second:
            await asyncio.gather(first.until_assigned((topic, 0)), second.until_assigned((topic, 1)))
            await write(broker, topic, [b"1"], partition=1)
            second.consumer.seek((topic, 1), 0)
            assert [row[3] for row in (await read_to(second.consumer, {(topic, 1): 1}))[topic, 1]] == [b"1"]
            began = time.monotonic()
            await second.consumer.stop()
            await first.until_assigned((topic, 0), (topic, 1))
            assert time.monotonic() - began < 8, "the session timeout is 10 s"
    assert first.generations == sorted(set(first.generations))


async def test_dynamic_members_leave_at_once_too(broker: str) -> None:
    """Without a name of their own."""
    topic, group = await new_topic(broker, 2), unique("group")
    async with member(broker, group, None, [topic]) as first, member(broker, group, None, [topic]) as second:
        await asyncio.gather(first.until_it_has(1), second.until_it_has(1))
        await second.consumer.stop()
        await first.until_assigned((topic, 0), (topic, 1))


async def test_commits_and_their_metadata_come_back(broker: str) -> None:
    """As they were committed, nothing for what was not; the group's tools see them as well."""
    topic, group = await new_topic(broker, 3), unique("group")
    async with member(broker, group, "one", [topic]) as only:
        await only.until_assigned((topic, 0), (topic, 1), (topic, 2))
        consumer = only.consumer
        assert await consumer.committed_stable([(topic, 0)]) == {(topic, 0): (-1, None)}
        await consumer.commit_offsets({(topic, 0): (5, "five ü"), (topic, 1): (0, "")}, consumer.group_metadata())
        found = await consumer.committed_stable([(topic, 0), (topic, 1), (topic, 2)])
        assert found == {(topic, 0): (5, "five ü"), (topic, 1): (0, ""), (topic, 2): (-1, None)}
        assert await consumer.committed_stable([]) == {}
    async with await Admin.connect(broker) as admin:
        assert await admin.committed(group) == {(topic, 0): (5, "five ü"), (topic, 1): (0, "")}


async def test_an_offset_is_given_out_when_its_transaction_has_ended(broker: str) -> None:
    """KIP-447: until then it waits."""
    topic, group = await new_topic(broker), unique("group")
    async with member(broker, group, "one", [topic]) as only, stock_producer(broker, unique("txn")) as producer:
        await only.until_assigned((topic, 0))
        await producer.begin_transaction()
        await producer.send_offsets_to_transaction({Partition(topic, 0): 7}, group)
        waiting = asyncio.create_task(only.consumer.committed_stable([(topic, 0)]))
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        assert not done
        coordinator = only.consumer._coordinator
        assert coordinator is not None
        with pytest.raises(RetriableKafkaError, match=r"looking: no success .*UnstableOffset"):
            await persistently(lambda: coordinator.stable_offsets([(topic, 0)]), "looking", patience=0.1)
        await producer.commit_transaction()
        offset, _ = (await waiting)[topic, 0]
        assert offset == 7


async def test_who_is_no_longer_in_the_group_may_not_commit(broker: str) -> None:
    """Neither with an old generation, nor after leaving; the offsets stay as they were."""
    topic, group = await new_topic(broker), unique("group")
    at = (topic, 0)
    async with member(broker, group, "one", [topic]) as first:
        await first.until_assigned(at)
        now = first.consumer.group_metadata()
        await first.consumer.commit_offsets({at: (3, "")}, now)
        for stale in (replace(now, generation=now.generation + 1), replace(now, member_id="two-x", instance_id=None)):
            with pytest.raises(StaleMemberError, match=f"group {group!r} refused an offset commit"):
                await first.consumer.commit_offsets({at: (1, "")}, stale)
        async with member(broker, group, "two", [topic]) as second:
            await second.until_assigned()
            left = second.consumer.group_metadata()
            await second.consumer.stop()
            await first.until_assigned(at)
        with pytest.raises(StaleMemberError):
            await first.consumer.commit_offsets({at: (1, "")}, left)
        assert await first.consumer.committed_stable([at]) == {at: (3, "")}


async def test_a_second_process_with_the_same_name_fences_the_first(broker: str) -> None:
    """The first is told by its next heartbeat, may not commit, and does not take the second with it when it stops."""
    topic, group = await new_topic(broker), unique("group")
    at = (topic, 0)
    async with member(broker, group, "same", [topic]) as first:
        await first.until_assigned(at)
        old = first.consumer.group_metadata()
        async with member(broker, group, "same", [topic]) as second:
            await second.until_assigned(at)
            with pytest.raises(FencedError, match="another process has joined as 'same'"):
                await take_for_ever(first.consumer, at)
            with pytest.raises(FencedError, match="FENCED_INSTANCE_ID"):
                await first.consumer.commit_offsets({at: (1, "")}, old)
            await first.consumer.stop()
            await second.consumer.commit_offsets({at: (2, "")}, second.consumer.group_metadata())
            assert second.generations == first.generations


async def test_a_killed_process_comes_back_without_disturbing_the_group(broker: str) -> None:
    """A static member that returns within the session timeout has what it had, in the same generation."""
    topic, group = await new_topic(broker, 2), unique("group")
    async with member(broker, group, "stays", [topic]) as stays:
        killed = Member(broker, group, "killed", [topic])
        await killed.join()
        await asyncio.gather(stays.until_assigned((topic, 1)), killed.until_assigned((topic, 0)))
        await killed.vanish()
        async with member(broker, group, "killed", [topic]) as back:
            await back.until_assigned((topic, 0))
            assert back.generations == killed.generations[-1:] == stays.generations[-1:]


async def test_topics_that_changed_meanwhile_are_assigned_anew(broker: str) -> None:
    """The group would give a static member back what it had: without new topics, and with those it has given up."""
    old, both, new = await new_topic(broker), await new_topic(broker), await new_topic(broker)
    group = unique("group")
    before = Member(broker, group, "name", [old, both])
    await before.join()
    await before.until_assigned((old, 0), (both, 0))
    await before.vanish()
    async with member(broker, group, "name", [both, new]) as after:
        await after.until_assigned((both, 0), (new, 0))
        await after.consumer.take([], 0.0)


async def test_an_error_of_a_callback_is_not_lost(broker: str) -> None:
    """The client library would only log it, and the member would sit there with nothing."""
    topic = await new_topic(broker)
    failing = Member(broker, unique("group"), None, [topic])
    failing.error = ValueError("from the callback")
    try:
        await failing.join()
        with pytest.raises(ValueError, match="from the callback"):
            await take_for_ever(failing.consumer, (topic, 0))
    finally:
        await failing.consumer.stop()


async def test_what_a_rebalance_has_taken_away_is_passed_over(broker: str) -> None:
    """A rebalance overtakes its caller at any time: seeking there is neither an error nor a way back."""
    topic = await new_topic(broker)
    async with member(broker, unique("group"), None, [topic]) as only:
        await only.until_assigned((topic, 0))
        only.consumer.pause([(topic, 0), (topic, 9)])
        only.consumer.seek((topic, 9), 4)
        only.consumer.resume([(topic, 0), (topic, 9)])
        only.consumer.seek((topic, 0), 0)
        assert await only.consumer.take([(topic, 0), (topic, 9)], 0.1) == {}
