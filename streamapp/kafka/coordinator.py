"""A member of a consumer group that keeps its name over restarts, is told when another takes it, and leaves at once.

The client library lacks these parts of static membership (KIP-345). Knows nothing of what partitions hold.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.coordinator.protocol import ConsumerProtocol, ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError, NotCoordinatorForGroupError
from aiokafka.protocol.group import HeartbeatRequest

from streamapp.errors import FencedError
from streamapp.kafka.errors import TopicPartition
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.member_requests import LeaveGroupRequest, StaticHeartbeatRequest
from streamapp.kafka.offsets import Committed, check_commit, committed_in
from streamapp.kafka.requests import OffsetCommitRequest, OffsetFetchRequest, Offsets

logger = logging.getLogger(__name__)

_FENCED_INSTANCE_ID = 82

_LEFT = {0, 25, _FENCED_INSTANCE_ID}
"""Answers to a farewell that leave nothing to wait for: done, done already, and another has our place."""

_LAST_REBALANCE = 5.0
"""Seconds a rebalance under way may take when we are leaving; then it goes on without us."""

T = TypeVar("T")


class MemberCoordinator(GroupCoordinator):
    """The stock coordinator with static heartbeats, a farewell, and commits that name the member they are for."""

    _joined = False
    _group_subscription: set[str] | None  # whose partition counts are watched

    @property
    def member(self) -> GroupMetadata:
        """Who we are now."""
        return GroupMetadata(self.group_id, self.generation, self.member_id, self._group_instance_id)

    async def stable_offsets(self, partitions: Iterable[TopicPartition]) -> Committed:
        """The group's offsets, unless a transaction is about to change one (KIP-447); raises the library's errors."""
        return await self._ask(OffsetFetchRequest(self.group_id, partitions, True), committed_in)

    async def commit_for(self, member: GroupMetadata, offsets: Offsets) -> None:
        """Commits for a generation of a member; raises `StaleMemberError`, `FencedError` or the library's errors."""
        group = (member.group, member.generation, member.member_id, member.instance_id)
        await self._ask(OffsetCommitRequest(group, offsets), lambda response: check_commit(response, member.group))

    async def _ask(self, request: Any, read: Callable[[Any], T]) -> T:
        await self.ensure_coordinator_known()
        try:
            return read(await self._send_req(request))
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            self.coordinator_dead()  # found anew when it is next asked
            raise

    async def _send_req(self, request: Any) -> Any:
        """Sends heartbeats with our static name; raises `FencedError` when the group says that another has it.

        That is no error of the library on purpose: those of a request are retried for ever.
        """
        if isinstance(request, HeartbeatRequest):
            request = StaticHeartbeatRequest(*self._who, self._group_instance_id)
        response = await super()._send_req(request)
        if getattr(response, "error_code", 0) == _FENCED_INSTANCE_ID:
            raise FencedError(
                f"group {self.group_id!r}: another process has joined as {self._group_instance_id!r}: "
                "stop one of the two, or give them different state folders"
            )
        return response

    @property
    def _who(self) -> tuple[str, int, str]:
        return self.group_id, self.generation, self.member_id

    async def _on_join_complete(self, generation: int, member_id: str, protocol: str, assignment: bytes) -> None:
        """Looks after what a leader would: a static member that comes back is not told that it leads (KIP-814).

        It is given what it had before, so it asks once for a new assignment when its topics are not those any more,
        and later when partitions are added. The group ignores both when somebody else leads.
        """
        topics = set(self._subscription.topics)
        given = ConsumerProtocol.ASSIGNMENT.decode(assignment)
        known = [(topic, partitions) for topic, partitions in given.assignment if topic in topics]
        if len(known) < len(given.assignment):  # the stock coordinator ends at a topic it has not subscribed to
            assignment = ConsumerProtocolMemberAssignment(given.version, known, given.user_data).encode()
        await super()._on_join_complete(generation, member_id, protocol, assignment)
        if self._group_subscription is None:
            await self._client._maybe_wait_metadata()
            self._group_subscription = topics
            self._metadata_snapshot = self._get_metadata_snapshot()
        if not self._joined and {topic for topic, _ in given.assignment} != topics:
            self.request_rejoin()
        self._joined = True

    async def close(self) -> None:
        """Leaves the group, after a few seconds also in the middle of a rebalance."""
        if self._closing.done():
            return
        self._closing.set_result(None)
        _, late = await asyncio.wait([self._coordination_task], timeout=_LAST_REBALANCE)
        if late:
            self._coordination_task.cancel()
            await asyncio.wait(late)
        await self._stop_heartbeat_task()
        await self._stop_commit_offsets_refresh_task()
        await self._maybe_leave_group()

    async def _maybe_leave_group(self) -> None:
        """Leaves for good, also as a static member, so that others take over at once; says so when it cannot."""
        if self.generation > 0:
            request = LeaveGroupRequest(self.group_id, [(self.member_id, self._group_instance_id)])
            try:
                response = await self._send_req(request)
                refused = {response.error_code, *(code for _, _, code in response.members)} - _LEFT
            except KafkaError as error:
                refused = {repr(error)}
            if refused:
                logger.warning(
                    "could not leave group %r: it waits for %s until the session timeout (%s)",
                    self.group_id,
                    self._group_instance_id or self.member_id,
                    *refused,
                )
        self.reset_generation()
