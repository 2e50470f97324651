"""The Kafka clients of one Application: made together, replaced after trouble, stopped in order.

Knows nothing of tasks but what the group's protocol asks of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from streamapp.kafka import GroupMember
from streamapp.kafka.assignor import GroupAssignor, Share
from streamapp.kafka.interfaces import Consumer, Kafka, Producer, Writer
from streamapp.settings import Settings
from streamapp.worker.assignment import (
    Claim,
    Duties,
    TaskId,
    Topics,
    assign_tasks,
    decode_claim,
    decode_duties,
    encode_claim,
    encode_duties,
    partitions_of,
    tasks_of,
)
from streamapp.worker.commit import AtLeastOnce, ExactlyOnce, Guarantee
from streamapp.worker.intruders import Intruders
from streamapp.worker.running import TopicPartition
from streamapp.worker.standby_assignment import assign_standbys

Rebalanced = Callable[[Collection[TopicPartition]], Awaitable[None]]

PROTOCOL = "streamapp-1"
"""The name of the assignment protocol: a group only forms of members that speak the same."""


@dataclass(frozen=True)
class Membership:
    """What the group's protocol asks of an Application: its sources, its claim, and what to call on a rebalance."""

    group: str
    member: str
    """The transactional id, and the static member id (KIP-345)."""
    topics: Topics
    claim: Callable[[], Claim]
    on_revoked: Rebalanced
    on_assigned: Rebalanced
    on_standbys: Callable[[Collection[TaskId]], object] = bool
    """Is told what to follow, before `on_assigned` is called."""


class Clients:
    """A consumer in the group, a reader for restores, an eye on changelogs, a producer with its writer, a guarantee."""

    consumer: Consumer
    reader: Consumer
    intruders: Intruders
    producer: Producer
    writer: Writer
    guarantee: Guarantee

    def __init__(self, kafka: Kafka, settings: Settings, membership: Membership, limits: Mapping[str, int]) -> None:
        self._kafka = kafka
        self._settings = settings
        self._membership = membership
        self._limits = limits
        self._follower: Consumer | None = None

    async def start(self) -> None:
        """The producer first: it aborts the transaction a predecessor left open, which our reads would wait for."""
        await self.new_producer()
        membership = self._membership
        self.reader = self._kafka.reader()
        await self.reader.start()
        self._onlooker = self._kafka.reader(committed=False)
        await self._onlooker.start()
        self.intruders = Intruders(self._onlooker, markers=1 if self._exactly_once else 0)
        self.consumer = self._kafka.member(
            membership.group,
            membership.member,
            self._settings.session_timeout,
            self._settings.heartbeat_interval,
            GroupAssignor(PROTOCOL, self._assign, self._user_data, self._on_user_data),
        )
        await self.consumer.start()
        if not self._exactly_once:
            self.guarantee = AtLeastOnce(self.consumer)
        self.consumer.subscribe(
            list(membership.topics), on_revoked=membership.on_revoked, on_assigned=membership.on_assigned
        )

    @property
    def _exactly_once(self) -> bool:
        return self._settings.guarantee == "exactly_once"

    async def new_producer(self) -> None:
        """Starts a producer in place of the present one, if any; the broker aborts what that one left open."""
        old: Producer | None = getattr(self, "producer", None)
        self.producer = self._kafka.producer(
            self._membership.member if self._exactly_once else None, self._settings.transaction_timeout
        )
        await self.producer.start()
        self.writer = self._kafka.writer(self.producer, self._limits)
        if self._exactly_once:
            self.guarantee = ExactlyOnce(self.producer)
        if old is not None:
            await old.stop()

    async def abort(self) -> None:
        """Forgets what was sent and not committed; after an error the producer is replaced, which aborts for us."""
        self.writer.discard()
        if not self.producer.needs_replacing:
            await self.guarantee.abort()
        if self.producer.needs_replacing:  # before, or because the broker did not answer to the abort
            await self.new_producer()

    async def stop(self) -> None:
        """Leaves the group first, so that others take over while the rest closes."""
        for name in ("consumer", "reader", "_onlooker", "_follower", "producer"):
            client = getattr(self, name, None)
            if client is not None:
                await client.stop()

    async def follower(self) -> Consumer:
        """The reader of standbys, made when the first is to be followed."""
        if self._follower is None:
            self._follower = self._kafka.reader()
            await self._follower.start()
        return self._follower

    def _on_user_data(self, data: bytes) -> None:
        self._membership.on_standbys(decode_duties(data).standby)

    def _user_data(self) -> bytes:
        return encode_claim(self._membership.claim())

    def _assign(self, members: list[GroupMember], counts: Mapping[str, int]) -> dict[str, Share]:
        topics = self._membership.topics
        claims = {member.member_id: decode_claim(member.user_data) for member in members}
        shared = assign_tasks(tasks_of(topics, counts), claims)
        standbys = assign_standbys(shared, claims, self._settings.standby_replicas)
        return {
            member: Share(partitions_of(tasks, topics, counts), encode_duties(Duties(tuple(standbys[member]))))
            for member, tasks in shared.items()
        }
