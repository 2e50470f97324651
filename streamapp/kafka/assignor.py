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


class GroupAssignor:
    """An assignor for `partition_assignment_strategy`, which takes instances as well as classes.

    `assign(members, partition counts by topic)` gives each member id its partitions; it runs on the leader only.
    `user_data()` is what this member tells the leader when it joins.
    """

    def __init__(
        self,
        name: str,
        assign: Callable[[list[GroupMember], Mapping[str, int]], Mapping[str, Assignment]],
        user_data: Callable[[], bytes],
    ) -> None:
        self.name = name
        self._assign = assign
        self._user_data = user_data

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
        return {
            member.member_id: ConsumerProtocolMemberAssignment(
                0,
                [
                    (topic, sorted(partitions))
                    for topic, partitions in sorted(decided.get(member.member_id, {}).items())
                ],
                b"",
            )
            for member in group
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing is kept: the consumer's rebalance listener tells what was assigned."""
