"""Topics, their offsets, and what groups have committed: what a cluster is asked before and beside reading it.

Knows nothing of records.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeAlias

from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.protocol.admin import (
    CreateTopicsRequest,
    DeleteGroupsRequest,
    DeleteRecordsRequest,
    DeleteTopicsRequest,
    DescribeConfigsRequest,
    DescribeGroupsRequest,
)
from aiokafka.protocol.offset import OffsetRequest

from streamapp.kafka.connection import Address, address_of, until_connected
from streamapp.kafka.deletion import check_records, check_topics, members_in, was_deleted
from streamapp.kafka.errors import TopicPartition
from streamapp.kafka.offsets import EARLIEST, LATEST, committed_in, listed_in
from streamapp.kafka.requests import OffsetFetchRequest, by_topic
from streamapp.kafka.retry import persistently
from streamapp.kafka.topic_requests import MetadataRequest
from streamapp.kafka.topics import TopicInfo, already_exists, configs_in, mismatch, topics_in

Partitions: TypeAlias = list[TopicPartition]

_ANY_REPLICA = -1
_READ_UNCOMMITTED = 0
_READ_COMMITTED = 1
_TOPIC = 2
"""The kind of resource whose configuration is asked for."""

_CHANGE_MS = 20_000
"""Milliseconds the cluster may take to make or delete something."""


class Admin:
    """A connection to a cluster, opened by `connect` and closed by `async with`.

    Whatever a busy cluster cannot answer now is asked again for half a minute, then `RetriableKafkaError` is raised.
    """

    def __init__(self, client: AIOKafkaClient) -> None:
        self.cluster_id = ""
        self._client = client
        self._node: int | None = None

    @classmethod
    async def connect(cls, bootstrap: Address, *, fail_fast: bool = False) -> Admin:
        """Connects, waiting for a broker to answer; with `fail_fast` raises `KafkaUnavailableError` instead."""
        address = address_of(bootstrap)
        client = AIOKafkaClient(**address.options)
        admin = cls(client)
        try:
            await until_connected(client.bootstrap, address, fail_fast=fail_fast)
            found = await persistently(lambda: admin._metadata([]), f"asking the cluster at {address} for its id")
        except BaseException:
            await client.close()
            raise
        admin.cluster_id = found.cluster_id
        return admin

    async def __aenter__(self) -> Admin:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    # -- topics ----------------------------------------------------------------------------------------------------

    async def list(self) -> set[str]:
        """The names of all topics but Kafka's own."""
        found = await persistently(lambda: self._metadata(None), "listing topics")
        return {name for name, info, _ in topics_in(found) if not info.internal}

    async def describe(self, topics: Iterable[str]) -> dict[str, TopicInfo]:
        """Those of `topics` that exist, with the configuration in force."""
        names = sorted(set(topics))
        if not names:
            return {}
        return await persistently(lambda: self._describe(names), f"describing topics {', '.join(names)}")

    async def create(self, name: str, partitions: int, config: Mapping[str, str], replication_factor: int) -> None:
        """Makes a topic and returns when it can be used; one that exists with these partitions and options is fine.

        Raises `ConfigurationError` when it exists otherwise, or the cluster will not have it so.
        """
        doing = f"creating topic {name!r} with {partitions} partitions and {replication_factor} replicas"
        request = CreateTopicsRequest(
            [(name, partitions, replication_factor, [], list(config.items()))], _CHANGE_MS, False
        )

        async def attempt() -> TopicInfo:
            controller = (await self._metadata([])).controller_id
            already_exists(await self._client.send(controller, request), name, doing)
            described = await self._describe([name])
            if name not in described:
                raise kafka.UnknownTopicOrPartitionError(name)  # made, and not yet known to the broker we ask
            return described[name]

        problem = mismatch(name, await persistently(attempt, doing), partitions, config)
        if problem is not None:
            raise problem

    async def _describe(self, names: Collection[str]) -> dict[str, TopicInfo]:
        found = {name: info for name, info, _ in topics_in(await self._metadata(names))}
        if not found:
            return {}
        configs = configs_in(await self._ask(DescribeConfigsRequest([(_TOPIC, name, None) for name in found])))
        return {name: replace(info, config=configs[name]) for name, info in found.items()}

    # -- offsets ---------------------------------------------------------------------------------------------------

    async def ends(self, partitions: Iterable[TopicPartition], *, stable: bool = False) -> dict[TopicPartition, int]:
        """The high watermark of each partition: where records of open transactions end, too.

        `stable`: the last stable offset instead, before which every transaction has ended.
        """
        return await self._offsets(partitions, LATEST, _READ_COMMITTED if stable else _READ_UNCOMMITTED)

    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The oldest offset each partition still has."""
        return await self._offsets(partitions, EARLIEST)

    async def offsets_at(self, partitions: Iterable[TopicPartition], time: int) -> dict[TopicPartition, int]:
        """The offset of each partition's first record with a timestamp of `time` (ms) or more; -1 where none has."""
        return await self._offsets(partitions, time)

    async def committed(self, group: str) -> dict[TopicPartition, tuple[int, str]]:
        """Every offset a group has committed, with its metadata; none for a group that does not exist."""
        found = await persistently(lambda: self._committed(group), f"reading the committed offsets of group {group!r}")
        return {at: (offset, metadata or "") for at, (offset, metadata) in found.items() if offset >= 0}

    async def members(self, group: str) -> int:
        """How many members a group has now."""

        async def attempt() -> int:
            coordinator = await self._client.coordinator_lookup(CoordinationType.GROUP, group)
            return members_in(await self._client.send(coordinator, DescribeGroupsRequest([group])))

        return await persistently(attempt, f"looking for members of group {group!r}")

    # -- deleting --------------------------------------------------------------------------------------------------

    async def delete_topics(self, names: Collection[str]) -> None:
        """Deletes topics with all that is in them, and returns when they are gone."""
        if not names:
            return

        async def attempt() -> None:
            controller = (await self._metadata([])).controller_id
            check_topics(await self._client.send(controller, DeleteTopicsRequest(sorted(names), _CHANGE_MS)))
            if await self._describe(names):
                raise kafka.StaleMetadata("deleted, and still known to the broker we ask")

        await persistently(attempt, f"deleting topics {', '.join(sorted(names))}")

    async def delete_records(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Deletes the records of each partition before its offset."""

        async def attempt() -> None:
            by_leader = await self._by_leader(offsets)
            asked = (
                self._client.send(leader, _delete_records({at: offsets[at] for at in share}))
                for leader, share in by_leader.items()
            )
            for response in await asyncio.gather(*asked):
                check_records(response)

        topics = ", ".join(sorted({topic for topic, _ in offsets}))
        await persistently(attempt, f"deleting records of {topics}")

    async def delete_group(self, group: str) -> bool:
        """Forgets all offsets of a group; False when there is no such group. Refused while it has members."""

        async def attempt() -> bool:
            coordinator = await self._client.coordinator_lookup(CoordinationType.GROUP, group)
            return was_deleted(await self._client.send(coordinator, DeleteGroupsRequest([group])))

        return await persistently(attempt, f"deleting group {group!r}")

    async def _offsets(
        self, partitions: Iterable[TopicPartition], when: int, isolation: int = _READ_UNCOMMITTED
    ) -> dict[TopicPartition, int]:
        wanted = set(partitions)
        if not wanted:
            return {}
        topics = ", ".join(sorted({topic for topic, _ in wanted}))
        return await persistently(lambda: self._listed(wanted, when, isolation), f"looking up offsets of {topics}")

    async def _listed(self, wanted: Collection[TopicPartition], when: int, isolation: int) -> dict[TopicPartition, int]:
        by_leader = await self._by_leader(wanted)
        asked = (
            self._client.send(leader, _list_offsets(share, when, isolation)) for leader, share in by_leader.items()
        )
        return listed_in(await asyncio.gather(*asked))

    async def _by_leader(self, wanted: Collection[TopicPartition]) -> Mapping[int, Partitions]:
        """The partitions by the node that leads them."""
        found = await self._metadata({topic for topic, _ in wanted})
        leaders = {(name, number): leader for name, _, by in topics_in(found) for number, leader in by.items()}
        by_leader: defaultdict[int, Partitions] = defaultdict(list)
        for at in wanted:
            if at not in leaders:
                raise kafka.UnknownTopicOrPartitionError(f"{at[0]} {at[1]}")
            by_leader[leaders[at]].append(at)
        return by_leader

    async def _committed(self, group: str) -> dict[TopicPartition, tuple[int, str | None]]:
        coordinator = await self._client.coordinator_lookup(CoordinationType.GROUP, group)
        return committed_in(await self._client.send(coordinator, OffsetFetchRequest(group, None, False)))

    # -- asking ----------------------------------------------------------------------------------------------------

    async def _metadata(self, topics: Iterable[str] | None) -> Any:
        return await self._ask(MetadataRequest(topics))

    async def _ask(self, request: Any) -> Any:
        """Asks the same broker as before while it answers: another may not know yet what that one told us."""
        node = self._client.get_random_node() if self._node is None else self._node
        self._node = None
        answer = await self._client.send(node, request)
        self._node = node
        return answer


def _delete_records(offsets: Mapping[TopicPartition, int]) -> DeleteRecordsRequest:
    topics = [(topic, [(number, offsets[topic, number]) for number in ns]) for topic, ns in by_topic(offsets).items()]
    return DeleteRecordsRequest(topics, _CHANGE_MS)


def _list_offsets(partitions: Iterable[TopicPartition], when: int, isolation: int) -> OffsetRequest:
    topics = [(topic, [(number, when) for number in numbers]) for topic, numbers in by_topic(partitions).items()]
    return OffsetRequest(_ANY_REPLICA, isolation, topics)
