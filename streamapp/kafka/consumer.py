"""Reads partitions in whole batches, alone or as a member of a group.

Its positions are those it was told to `seek`: it never starts anywhere by itself, and never commits by itself.
Knows nothing of what records hold.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from aiokafka import errors as kafka
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.structs import TopicPartition as Partition

from streamapp.errors import StreamappError
from streamapp.kafka.assignor import GroupAssignor
from streamapp.kafka.connection import Address, address_of, unavailable, until_connected
from streamapp.kafka.coordinator import MemberCoordinator
from streamapp.kafka.errors import OffsetOutOfRangeError, TopicPartition, explain
from streamapp.kafka.fetcher import BatchFetcher
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.offsets import Committed
from streamapp.kafka.records import Fetched
from streamapp.kafka.requests import Offsets
from streamapp.kafka.retry import PATIENCE, persistently

Rebalanced = Callable[[Collection[TopicPartition]], Awaitable[None]]
"""Called with what is revoked or was assigned; the group waits until it returns."""

_RETRY_MS = 250
"""Milliseconds between two attempts to find the group's coordinator, or to join."""

_ANSWER_MS = 40_000
"""Milliseconds a request may take; a request to join takes as long as the slowest member needs to come."""


class BatchConsumer:
    """A consumer of `assign`ed partitions or, with a `group_id`, of those a group gives it; `start` connects.

    With a `group_instance_id` it is a static member (KIP-345): one that comes back within the session timeout goes
    on at once. `stop` leaves the group either way.
    """

    def __init__(
        self,
        *,
        bootstrap_servers: Address,
        group_id: str | None = None,
        group_instance_id: str | None = None,
        isolation_level: str = "read_committed",
        session_timeout_ms: int = 30_000,
        heartbeat_interval_ms: int = 3_000,
        partition_assignment_strategy: Sequence[GroupAssignor] = (),
    ) -> None:
        self._address = address_of(bootstrap_servers)
        self._isolation_level = isolation_level
        self._group = {
            "group_id": group_id,
            "group_instance_id": group_instance_id,
            "session_timeout_ms": session_timeout_ms,
            "rebalance_timeout_ms": session_timeout_ms,
            "heartbeat_interval_ms": heartbeat_interval_ms,
            "assignors": partition_assignment_strategy,
            "enable_auto_commit": False,
            "retry_backoff_ms": _RETRY_MS,
            "max_poll_interval_ms": math.inf,  # a long restore takes nothing and is still alive
        }
        self._client = AIOKafkaClient(
            **self._address.options, request_timeout_ms=max(_ANSWER_MS, session_timeout_ms + 10_000)
        )
        self._subscription = SubscriptionState()
        self._listener: _Listener | None = None
        self._coordinator: MemberCoordinator | None = None
        self._fetcher: BatchFetcher | None = None

    async def start(self) -> None:
        """Connects; raises `KafkaUnavailableError` when no broker answers for half a minute."""
        try:
            async with asyncio.timeout(PATIENCE):
                await until_connected(self._client.bootstrap, self._address)
        except TimeoutError as error:
            raise unavailable(self._address) from error
        self._fetcher = BatchFetcher(self._client, self._subscription, self._isolation_level)
        if self._group["group_id"] is not None:
            self._coordinator = MemberCoordinator(self._client, self._subscription, **self._group)

    async def stop(self) -> None:
        """Leaves the group, so that others take over at once, and closes the connections."""
        if self._coordinator is not None:
            await self._coordinator.close()
        if self._fetcher is not None:
            await self._fetcher.close()
        await self._client.close()

    # -- what to read ----------------------------------------------------------------------------------------------

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Reads `partitions`, and no others any more, from where each is told to `seek`."""
        wanted = [Partition(*at) for at in partitions]
        self._subscription.assign_from_user(wanted)
        if wanted:
            self._client.set_topics([at.topic for at in wanted])

    def subscribe(self, topics: Iterable[str], *, on_revoked: Rebalanced, on_assigned: Rebalanced) -> None:
        """Joins the group; an error of a callback is raised by the next `take`."""
        self._listener = _Listener(on_revoked, on_assigned)
        names = set(topics)
        self._subscription.subscribe(topics=names, listener=self._listener)
        self._client.set_topics(names)

    def seek(self, at: TopicPartition, offset: int) -> None:
        """Goes on at `offset`; what was fetched and not taken is dropped.

        Here, and in `pause` and `resume`, a partition that a rebalance has taken away meanwhile is passed over.
        """
        for assigned in self._still_assigned([at]):
            self._started.seek_to(assigned, offset)

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetches no more of `partitions`; what was fetched and not taken is dropped."""
        for assigned in self._still_assigned(partitions):
            self._subscription.pause(assigned)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetches `partitions` again from where they stood."""
        for assigned in self._still_assigned(partitions):
            self._subscription.resume(assigned)

    def _still_assigned(self, partitions: Iterable[TopicPartition]) -> Iterator[Partition]:
        return (Partition(*at) for at in partitions if self._subscription.is_assigned(at))

    # -- reading ---------------------------------------------------------------------------------------------------

    async def take(self, partitions: Collection[TopicPartition], timeout_s: float) -> dict[TopicPartition, Fetched]:
        """Everything that was fetched of `partitions`; waits up to `timeout_s` seconds for the first of it.

        Fetching goes on in the background. Raises `OffsetOutOfRangeError`, `CorruptRecordError`, `FencedError` when
        another process took this member's place, and whatever else keeps the group or the log from being read.
        """
        try:
            if self._listener is not None and self._listener.error is not None:
                raise self._listener.error
            if self._coordinator is not None:
                self._coordinator.check_errors()
            return await self._started.take(partitions, timeout_s)
        except kafka.OffsetOutOfRangeError as error:
            raise await self._out_of_range(error) from error
        except kafka.KafkaError as error:
            raise _explained(error, f"reading from {self._address}") from error

    def end(self, at: TopicPartition) -> int | None:
        """Where a partition ends for this consumer, as of its last fetch; None before the first.

        With read_committed that is the last stable offset, else the high watermark. Known also of a partition that
        has nothing to fetch, so that its lag can be told (KIP-695).
        """
        return self._started.end(at)

    async def _out_of_range(self, error: kafka.OffsetOutOfRangeError) -> StreamappError:
        ((at, offset),) = error.args[0].items()
        starts = await self._started.beginning_offsets([at], _ANSWER_MS)
        ends = await self._started.end_offsets([at], _ANSWER_MS)
        return OffsetOutOfRangeError((at.topic, at.partition), offset, starts[at], ends[at])

    @property
    def _started(self) -> BatchFetcher:
        if self._fetcher is None:
            raise RuntimeError("start() comes first")
        return self._fetcher

    # -- the group -------------------------------------------------------------------------------------------------

    def group_metadata(self) -> GroupMetadata:
        """Who this member is now; called in `on_assigned`, who it is in the generation of that assignment."""
        return self._member.member

    async def commit_offsets(self, offsets: Offsets, member: GroupMetadata) -> None:
        """Commits offsets and their metadata for `member`, outside of any transaction.

        Raises `StaleMemberError` when its generation is over, `FencedError` when another process has its name, and
        `RetriableKafkaError` when the group did not answer in time.
        """
        coordinator = self._member
        doing = f"committing offsets of group {member.group!r}"
        await persistently(lambda: coordinator.commit_for(member, offsets), doing)

    async def committed_stable(self, partitions: Iterable[TopicPartition]) -> Committed:
        """The offset (-1: none) and metadata the group has committed for each partition, once it is final (KIP-447).

        Waits for transactions that are about to change one; `RetriableKafkaError` when that takes half a minute.
        """
        coordinator = self._member
        wanted = list(partitions)
        if not wanted:
            return {}
        doing = f"reading the committed offsets of group {coordinator.group_id!r}"
        return await persistently(lambda: coordinator.stable_offsets(wanted), doing)

    @property
    def _member(self) -> MemberCoordinator:
        if self._coordinator is None:
            raise RuntimeError("start() comes first, and only a consumer with a group_id is in a group")
        return self._coordinator


class _Listener(ConsumerRebalanceListener):
    """Passes rebalances on, and keeps the error of a callback: the client library would only log it."""

    def __init__(self, on_revoked: Rebalanced, on_assigned: Rebalanced) -> None:
        self.error: Exception | None = None
        self._on_revoked = on_revoked
        self._on_assigned = on_assigned

    async def on_partitions_revoked(self, revoked: Iterable[Partition]) -> None:
        await self._pass_on(self._on_revoked, revoked)

    async def on_partitions_assigned(self, assigned: Iterable[Partition]) -> None:
        await self._pass_on(self._on_assigned, assigned)

    async def _pass_on(self, callback: Rebalanced, partitions: Iterable[Partition]) -> None:
        try:
            await callback(frozenset((at.topic, at.partition) for at in partitions))
        except Exception as error:
            self.error = error
            raise


def _explained(error: kafka.KafkaError, doing: str) -> StreamappError:
    """One of our errors, also where the client library has wrapped it in one of its own."""
    cause: Any = error
    while cause is not None:
        if isinstance(cause, StreamappError):
            return cause
        cause = cause.__cause__
    return explain(error, doing)
