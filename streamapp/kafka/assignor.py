"""A partition assignor whose decision is a function given to it.

The group's leader calls `assign`; every member sends `user_data` when it joins. Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

Assignment = Mapping[str, Iterable[int]]
"""Partitions by topic."""


@dataclass(frozen=True)
class GroupMember:
    """A member of the group as the leader sees it."""

    member_id: str
    topics: tuple[str, ...]
    user_data: bytes


@dataclass(frozen=True)
class Share:
    """What the leader gives a member: partitions, and bytes that mean something to the member."""

    partitions: Assignment
    user_data: bytes = b""


_NOTHING = Share({})


class GroupAssignor:
    """An assignor for `partition_assignment_strategy`, which takes instances as well as classes.

    `assign(members, partition counts by topic)` gives each member id its share; it runs on the leader only.
    `user_data()` is what this member tells the leader when it joins; `on_user_data` is given what the leader's share
    for it holds, before the consumer's rebalance listener tells what was assigned.
    """

    def __init__(
        self,
        name: str,
        assign: Callable[[list[GroupMember], Mapping[str, int]], Mapping[str, Share]],
        user_data: Callable[[], bytes],
        on_user_data: Callable[[bytes], None] = lambda data: None,
    ) -> None:
        self.name = name
        self._assign = assign
        self._user_data = user_data
        self._on_user_data = on_user_data

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What this member sends with its request to join."""
        return ConsumerProtocolMemberMetadata(0, sorted(topics), self._user_data())

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Decides for the whole group."""
        group = [
            GroupMember(member_id, tuple(meta.subscription), meta.user_data or b"")
            for member_id, meta in sorted(members.items())
        ]
        topics = {topic for member in group for topic in member.topics}
        counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in sorted(topics)}
        decided = self._assign(group, counts)
        return {member.member_id: _assignment(decided.get(member.member_id, _NOTHING)) for member in group}

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Passes on what the leader has said; partitions are told by the consumer's rebalance listener."""
        self._on_user_data(assignment.user_data or b"")


def _assignment(share: Share) -> ConsumerProtocolMemberAssignment:
    partitions = [(topic, sorted(numbers)) for topic, numbers in sorted(share.partitions.items())]
    return ConsumerProtocolMemberAssignment(0, partitions, share.user_data)
