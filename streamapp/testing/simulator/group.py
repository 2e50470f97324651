"""The coordinator of a consumer group: generations, eager rebalances, static members, and committed offsets.

The classic protocol of Kafka 4 (KIP-345, KIP-447): a static member that comes back takes its place without a
rebalance and fences the one before; one that is silent for its session's length is removed; a rebalance waits for all
members, and without those that do not come. Knows nothing of what is assigned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from streamapp.kafka.groups import GroupMetadata
from streamapp.testing.simulator.loop import VirtualLoop
from streamapp.testing.simulator.network import Network
from streamapp.testing.simulator.trace import Trace

At = tuple[str, int]


class GroupError(Exception):
    """A refusal: `code` is Kafka's."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCING, FENCED_INSTANCE, UNSTABLE = 22, 25, 27, 82, 88


@dataclass
class Member:
    """One member; `waiting` is its unanswered request to join, or for its assignment."""

    id: str
    instance: str
    session: float
    data: bytes
    seen: float = 0.0
    joined: bool = False
    waiting: asyncio.Future[Any] | None = None
    assignment: Any = None


@dataclass(frozen=True)
class Joined:
    """The answer to a request to join; `members` has everybody's data for the leader, and is empty for others."""

    generation: int
    member: str
    members: Mapping[str, bytes] = field(default_factory=dict)


class Group:
    """One group; every method is one request, carried out at once; a returned future is answered later."""

    def __init__(self, loop: VirtualLoop, network: Network, trace: Trace) -> None:
        self.offsets: dict[At, tuple[int, str]] = {}
        self.pending: dict[int, dict[At, tuple[int, str]]] = {}
        """Offsets of transactions that have not ended, by producer."""
        self.members: dict[str, Member] = {}
        self.generation = 0
        self._state: Literal["stable", "joining", "syncing"] = "stable"
        self._leader = ""
        self._round = 0
        self._named = 0
        self._loop, self._network, self._trace = loop, network, trace

    # -- membership ----------------------------------------------------------------------------------------------------

    def join(self, instance: str, member_id: str, session: float, data: bytes) -> Any:
        """Joins, or comes back: the answer comes when the generation is complete."""
        before = next((one for one in self.members.values() if one.instance == instance), None)
        if member_id and (before is None or before.id != member_id):
            raise GroupError(UNKNOWN_MEMBER if before is None else FENCED_INSTANCE)
        if before is not None and not member_id:
            return self._replace(before, session, data)
        if before is None:
            self._named += 1
            before = Member(f"m{self._named:03}", instance, session, data)
            self.members[before.id] = before
            self._watch(before)
        elif self._state == "stable" and before.data == data and before.id != self._leader:
            self._touch(before)
            return Joined(self.generation, before.id)
        before.data = data
        return self._wait_for_all(before)

    def _replace(self, before: Member, session: float, data: bytes) -> Any:
        """A static member that has forgotten who it was: it gets another id, its predecessor is fenced."""
        del self.members[before.id]
        if before.waiting is not None and not before.waiting.done():
            before.waiting.set_exception(GroupError(FENCED_INSTANCE))
        self._named += 1
        now = Member(f"m{self._named:03}", before.instance, session, data, assignment=before.assignment)
        self.members[now.id] = now
        self._watch(now)
        if self._leader == before.id:
            self._leader = now.id
        if self._state == "stable":
            self._trace.note("group", f"{now.id} takes the place of {before.id}")
            return Joined(self.generation, now.id)
        return self._wait_for_all(now)

    def _wait_for_all(self, member: Member) -> asyncio.Future[Any]:
        self._touch(member)
        if self._state != "joining":
            self._begin()
        member.joined = True
        waiting = member.waiting = self._loop.create_future()
        self._complete_if_all()
        return waiting

    def _begin(self) -> None:
        """Asks everybody to join again."""
        if self._state == "syncing":
            self._refuse_waiting()
        self._state = "joining"
        self._round += 1
        for one in self.members.values():
            one.joined = False
        longest = max((one.session for one in self.members.values()), default=0.0)
        self._network.later(longest, self._give_up_waiting, self._round)

    def _refuse_waiting(self) -> None:
        for one in self.members.values():
            if one.waiting is not None and not one.waiting.done():
                one.waiting.set_exception(GroupError(REBALANCING))
            one.waiting = None

    def _complete_if_all(self) -> None:
        if self._state == "joining" and self.members and all(one.joined for one in self.members.values()):
            self._complete()

    def _give_up_waiting(self, round_: int) -> None:
        if self._state == "joining" and round_ == self._round and any(one.joined for one in self.members.values()):
            self._complete()  # static members that did not come stay until their session ends

    def _complete(self) -> None:
        self.generation += 1
        self._state = "syncing"
        if self._leader not in self.members or not self.members[self._leader].joined:
            self._leader = next(one.id for one in self.members.values() if one.joined)
        self._trace.note("group", f"generation {self.generation}: {' '.join(self.members)}, leader {self._leader}")
        data = {one.id: one.data for one in self.members.values()}
        for one in self.members.values():
            one.assignment = None
            waiting, one.waiting = one.waiting, None
            if waiting is not None and not waiting.done():
                waiting.set_result(Joined(self.generation, one.id, data if one.id == self._leader else {}))

    def sync(self, member_id: str, generation: int, assignment: Mapping[str, Any] | None) -> Any:
        """Asks for the assignment, which the leader brings."""
        member = self._known(member_id, generation)
        if self._state == "joining":
            raise GroupError(REBALANCING)
        if self._state == "stable":
            return member.assignment
        if assignment is not None:
            for one in self.members.values():
                one.assignment = assignment.get(one.id)
            self._state = "stable"
            for one in self.members.values():
                waiting, one.waiting = one.waiting, None
                if waiting is not None and not waiting.done():
                    waiting.set_result(one.assignment)
            return member.assignment
        member.waiting = self._loop.create_future()
        return member.waiting

    def heartbeat(self, member_id: str, instance: str, generation: int) -> None:
        """Says that a member lives; raises what has become of it."""
        self._refuse_fenced(member_id, instance)
        member = self._known(member_id, generation)
        if self._state == "joining":
            raise GroupError(REBALANCING)
        assert member is not None  # noqa: S101 - tells mypy: it is known

    def leave(self, member_id: str) -> None:
        """Removes a member."""
        if member_id in self.members:
            self._remove(self.members[member_id], "leaves")

    def _known(self, member_id: str, generation: int) -> Member:
        member = self.members.get(member_id)
        if member is None:
            raise GroupError(UNKNOWN_MEMBER)
        self._touch(member)
        if generation != self.generation:
            raise GroupError(ILLEGAL_GENERATION)
        return member

    def _refuse_fenced(self, member_id: str, instance: str) -> None:
        if any(one.instance == instance and one.id != member_id for one in self.members.values()):
            raise GroupError(FENCED_INSTANCE)

    def _touch(self, member: Member) -> None:
        member.seen = self._loop.time()

    def _watch(self, member: Member) -> None:
        self._touch(member)
        self._network.later(member.session, self._look_after, member)

    def _look_after(self, member: Member) -> None:
        if self.members.get(member.id) is not member:
            return
        silent = self._loop.time() - member.seen
        if member.waiting is not None:  # who waits for an answer need not say that it lives
            self._network.later(member.session, self._look_after, member)
        elif silent < member.session:
            self._network.later(member.session - silent + 0.001, self._look_after, member)
        else:
            self._remove(member, "is silent and removed")

    def _remove(self, member: Member, why: str) -> None:
        del self.members[member.id]
        self._trace.note("group", f"{member.id} {why}")
        if member.waiting is not None and not member.waiting.done():
            member.waiting.set_exception(GroupError(UNKNOWN_MEMBER))
        if not self.members:
            self._state, self.generation = "stable", self.generation + 1
        elif self._state == "joining":
            self._complete_if_all()
        else:
            self._begin()

    # -- offsets -------------------------------------------------------------------------------------------------------

    def check(self, member: GroupMetadata) -> None:
        """Raises what a commit in the name of `member` is refused for; generation -1 is not asked for a name."""
        if member.generation < 0:
            return
        self._refuse_fenced(member.member_id, str(member.instance_id))
        self._known(member.member_id, member.generation)
        if self._state == "syncing":
            raise GroupError(REBALANCING)

    def commit(self, member: GroupMetadata, offsets: Mapping[At, tuple[int, str]]) -> None:
        """Commits offsets outside of transactions."""
        self.check(member)
        self.offsets.update(offsets)

    def settle(self, producer: int, committed: bool) -> None:
        """A transaction's end has reached the group's offsets."""
        offsets = self.pending.pop(producer, {})
        if committed:
            self.offsets.update(offsets)

    def stable(self, partitions: Iterable[At]) -> dict[At, tuple[int, str | None]]:
        """The committed offsets; refused while a transaction is about to change one."""
        wanted = list(partitions)
        if any(at in offsets for offsets in self.pending.values() for at in wanted):
            raise GroupError(UNSTABLE)
        return self.committed(wanted)

    def committed(self, partitions: Iterable[At]) -> dict[At, tuple[int, str | None]]:
        """The committed offsets as they stand."""
        return {at: self.offsets.get(at, (-1, None)) for at in partitions}
