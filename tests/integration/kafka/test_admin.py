"""Topics and offsets as a real cluster has them."""

from __future__ import annotations

import pytest

from streamapp.errors import ConfigurationError, KafkaUnavailableError
from streamapp.kafka import Admin
from tests.integration.kafka.reading import member, new_topic, read_to, reader, stock_producer, unique, write


async def test_a_topic_is_described_as_it_was_made(broker: str) -> None:
    """Partitions, replicas, the options given, and the values in force of those that were not."""
    name = unique("made")
    async with await Admin.connect(broker) as admin:
        assert await admin.describe([name, "no such topic!"]) == {}
        await admin.create(name, 3, {"cleanup.policy": "compact"}, 1)
        info = (await admin.describe([name]))[name]
        assert (info.partitions, info.replication, info.internal) == (3, 1, False)
        assert info.config["cleanup.policy"] == "compact"
        assert int(info.config["max.message.bytes"]) > 1_000_000
        assert len(info.id) == 22
        assert name in await admin.list()
        assert len(admin.cluster_id) == 22


async def test_making_a_topic_twice_is_fine_when_it_is_the_same(broker: str) -> None:
    """It keeps its id; another partition count or option is refused with the remedy."""
    name = unique("twice")
    async with await Admin.connect(broker) as admin:
        await admin.create(name, 2, {"retention.ms": "-1"}, 1)
        first = await admin.describe([name])
        await admin.create(name, 2, {"retention.ms": "-1"}, 1)
        assert await admin.describe([name]) == first
        with pytest.raises(ConfigurationError, match=f"topic {name!r} exists with 2 partitions, not 4"):
            await admin.create(name, 4, {}, 1)
        with pytest.raises(ConfigurationError, match=f"{name!r} exists with retention.ms=-1, not 1000"):
            await admin.create(name, 2, {"retention.ms": "1000"}, 1)


@pytest.mark.parametrize(
    ("name", "partitions", "config", "replication", "text"),
    [
        ("spaces in it", 1, {}, 1, "a name has at most 249"),
        ("t", 0, {}, 1, "at least one partition"),
        ("t", 1, {"retention": "1"}, 1, "Unknown topic config name: retention"),
        ("t", 1, {}, 3, "STREAMAPP_REPLICATION_FACTOR"),
    ],
)
async def test_what_cannot_be_made_says_why(
    broker: str, name: str, partitions: int, config: dict[str, str], replication: int, text: str
) -> None:
    """The name, what the cluster said, and what to do."""
    async with await Admin.connect(broker) as admin:
        with pytest.raises(ConfigurationError, match="creating topic .*" + text):
            await admin.create(name, partitions, config, replication)


async def test_ends_are_where_the_next_record_goes(broker: str) -> None:
    """Of open transactions, too; beginnings move when records are deleted."""
    topic = await new_topic(broker, 2)
    at, empty = (topic, 0), (topic, 1)
    async with await Admin.connect(broker) as admin, stock_producer(broker, unique("txn")) as producer:
        await write(broker, topic, [b"1", b"2", b"3"])
        assert await admin.ends([at, empty]) == {at: 3, empty: 0}
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"open", partition=0)
        assert await admin.ends([at]) == {at: 4}
        await producer.commit_transaction()
        async with reader(broker, {at: 0}) as consumer:
            await read_to(consumer, {at: 5})  # the marker is written after the commit is acknowledged
        assert await admin.ends([at]) == {at: 5}
        assert await admin.beginnings([at, empty]) == {at: 0, empty: 0}
        await admin.delete_records({at: 2})
        assert await admin.beginnings([at]) == {at: 2}
        assert await admin.ends([]) == {}


async def test_a_group_nobody_knows_has_committed_nothing(broker: str) -> None:
    """It is no error to ask."""
    async with await Admin.connect(broker) as admin:
        assert await admin.committed(unique("nobody")) == {}


async def test_kafkas_own_topics_are_not_listed(broker: str) -> None:
    """They exist, and are nobody's business."""
    topic = await new_topic(broker)
    async with member(broker, unique("group"), None, [topic]) as one:
        await one.until_assigned((topic, 0))
    async with await Admin.connect(broker) as admin:
        assert (await admin.describe(["__consumer_offsets"]))["__consumer_offsets"].internal
        assert not any(name.startswith("__") for name in await admin.list())


async def test_nobody_at_the_address() -> None:
    """Named at once where that is wanted."""
    with pytest.raises(KafkaUnavailableError, match=r"127\.0\.0\.1:1"):
        await Admin.connect("127.0.0.1:1", fail_fast=True)
