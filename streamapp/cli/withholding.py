"""Keeps the tasks of a topology from its workers for a moment, by the means of its consumer group.

A member that claims sub-topologies for itself is given all their tasks and runs none: the workers commit, wait, and
go on when it has left, or died. Knows nothing of what is done meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType

from streamapp.cli.cluster import TopicPartition
from streamapp.engine.specs import Plan
from streamapp.errors import ConfigurationError
from streamapp.kafka import Admin, BatchConsumer, GroupMember, GroupMetadata
from streamapp.kafka.assignor import GroupAssignor, Share
from streamapp.settings import Settings
from streamapp.worker.assignment import Claim, assign_tasks, decode_claim, encode_claim, partitions_of, tasks_of
from streamapp.worker.clients import PROTOCOL
from streamapp.worker.names import Names

_POLL = 0.1
"""Seconds between two looks at the group."""


def levels(plan: Plan) -> list[tuple[int, ...]]:
    """The sub-topologies by how many repartition topics lie before them, those that read none first.

    Raises `ConfigurationError` where some write for each other: then there is no order in which they come to rest.
    """
    writers = {sink.topic: sub.number for sub in plan.subtopologies for sink in sub.sinks if sink.internal}
    before = {
        sub.number: {writers[source.topic] for source in sub.sources if source.internal} for sub in plan.subtopologies
    }
    found: list[tuple[int, ...]] = []
    done: set[int] = set()
    while len(done) < len(before):
        level = tuple(number for number, needed in before.items() if number not in done and needed <= done)
        if not level:
            raise ConfigurationError(
                f"topology {plan.topology.name!r} has a foreign-key join, whose sides write for each other: it cannot "
                f"be rebuilt beside the live one. 'streamapp {plan.topology.name} reset' can, and writes its outputs "
                "again"
            )
        found.append(level)
        done |= set(level)
    return found


class Withholding:
    """A stay in the group of a topology during which its workers come to rest, level after level."""

    def __init__(self, settings: Settings, admin: Admin, plan: Plan, names: Names) -> None:
        self._settings = settings
        self._admin = admin
        self._plan = plan
        self._names = names
        self._stack = AsyncExitStack()
        self._topics = {
            names.internal(source.topic) if source.internal else source.topic: sub.number
            for sub in plan.subtopologies
            for source in sub.sources
        }
        self._members: list[BatchConsumer] = []
        self._assigned: dict[BatchConsumer, tuple[frozenset[TopicPartition], GroupMetadata]] = {}

    async def __aenter__(self) -> Withholding:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def rest(self, timeout: float) -> tuple[dict[TopicPartition, int], BatchConsumer, GroupMetadata]:
        """Returns when no task runs and no record waits in a repartition topic: where the group is, and who we are.

        Raises `ConfigurationError` when that takes longer than `timeout` seconds.
        """
        held: tuple[int, ...] = ()
        for level in levels(self._plan):
            held += level
            consumer = await self._join(held)
            partitions = await self._partitions(held)
            await self._until(partial(self._has, partitions), timeout, "the workers have not let go of their tasks")
            await self._drained(level, timeout)
        member = self._assigned[next(one for one, (has, _) in self._assigned.items() if has)][1]
        every = await self._partitions(held)
        committed = await consumer.committed_stable(every)
        return {at: offset for at, (offset, _) in committed.items() if offset >= 0}, consumer, member

    async def _join(self, held: tuple[int, ...]) -> BatchConsumer:
        async def revoked(partitions: Collection[TopicPartition]) -> None:
            self._assigned.pop(consumer, None)

        async def assigned(partitions: Collection[TopicPartition]) -> None:
            consumer.pause(partitions)
            self._assigned[consumer] = frozenset(partitions), consumer.group_metadata()

        consumer = BatchConsumer(
            bootstrap_servers=self._settings.resolve_bootstrap(),
            group_id=self._names.group,
            session_timeout_ms=int(self._settings.session_timeout * 1000),
            heartbeat_interval_ms=int(self._settings.heartbeat_interval * 1000),
            partition_assignment_strategy=[
                GroupAssignor(PROTOCOL, self._assign, lambda: encode_claim(Claim(withheld=held)))
            ],
        )
        await consumer.start()
        self._stack.push_async_callback(consumer.stop)
        self._members.append(consumer)
        consumer.subscribe(list(self._topics), on_revoked=revoked, on_assigned=assigned)
        return consumer

    def _assign(self, members: list[GroupMember], counts: Mapping[str, int]) -> dict[str, Share]:
        claims = {member.member_id: decode_claim(member.user_data) for member in members}
        shared = assign_tasks(tasks_of(self._topics, counts), claims)
        return {member: Share(partitions_of(tasks, self._topics, counts)) for member, tasks in shared.items()}

    async def _partitions(self, held: Sequence[int]) -> frozenset[TopicPartition]:
        topics = [topic for topic, number in self._topics.items() if number in held]
        infos = await self._admin.describe(topics)
        return frozenset((name, number) for name, info in infos.items() for number in range(info.partitions))

    def _has(self, partitions: frozenset[TopicPartition]) -> bool:
        """Whether one of our members has exactly these, and so nobody else has any of them."""
        return any(found == partitions for found, _ in self._assigned.values())

    async def _drained(self, level: Sequence[int], timeout: float) -> None:
        """Waits until what these sub-topologies wrote to repartition topics has been processed."""
        written = {
            self._names.internal(sink.topic)
            for sub in self._plan.subtopologies
            if sub.number in level
            for sink in sub.sinks
            if sink.internal
        }
        infos = await self._admin.describe(written)
        partitions = [(name, number) for name, info in infos.items() for number in range(info.partitions)]
        for _ in range(max(1, int(timeout / _POLL))):
            ends, starts = await self._admin.ends(partitions), await self._admin.beginnings(partitions)
            committed = await self._admin.committed(self._names.group)
            if all(committed.get(at, (starts[at],))[0] >= end for at, end in ends.items()):
                return
            await asyncio.sleep(_POLL)
        raise ConfigurationError(
            f"records wait in {', '.join(sorted(written))} and nobody processes them: start a worker, "
            f"'streamapp {self._plan.topology.name} run', and rebuild while it runs"
        )

    async def _until(self, condition: Callable[[], bool], timeout: float, trouble: str) -> None:
        for _ in range(int(timeout / _POLL)):
            for consumer in self._members:
                await consumer.take([], 0)  # raises what keeps it from the group
            if condition():
                return
            await asyncio.sleep(_POLL)
        raise ConfigurationError(
            f"group {self._names.group!r}: {trouble} within {timeout:g} s; workers of another version cannot be asked "
            "to: stop them, then rebuild"
        )
