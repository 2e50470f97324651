"""How a process is in a group: joins, says that it lives, joins again when the group asks, leaves.

In the order in which the client library does it: callbacks run between two generations, and heartbeats go on while
partitions are being revoked. Knows nothing of fetching.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from streamapp.errors import FencedError
from streamapp.kafka import RetriableKafkaError
from streamapp.kafka.assignor import GroupAssignor
from streamapp.kafka.errors import commit_error
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.interfaces import Rebalanced
from streamapp.testing.simulator.admin import PATIENCE
from streamapp.testing.simulator.cluster import SimulatedCluster
from streamapp.testing.simulator.group import (
    FENCED_INSTANCE,
    ILLEGAL_GENERATION,
    REBALANCING,
    UNKNOWN_MEMBER,
    At,
    GroupError,
    Joined,
)
from streamapp.testing.simulator.network import Caller, NoAnswerError

_AGAIN = 0.25
"""Seconds between two attempts to join."""

_LAST_REBALANCE = 2.0
"""Seconds a rebalance may take when the member is leaving."""


class Membership:
    """A static member, known as `instance`."""

    def __init__(
        self,
        cluster: SimulatedCluster,
        caller: Caller,
        group: str,
        instance: str,
        session: float,
        heartbeat: float,
        assignor: GroupAssignor,
    ) -> None:
        self.rebalancing = False
        self.on_change: Callable[[frozenset[At]], None] = lambda partitions: None
        self._cluster = cluster
        self._caller = caller
        self._instance = instance
        self._session = session
        self._heartbeat = heartbeat
        self._assignor = assignor
        self._topics: list[str] = []
        self._partitions: frozenset[At] = frozenset()
        self.metadata = GroupMetadata(group, -1, "", instance)
        self._error: Exception | None = None
        self._must_join = asyncio.Event()
        self._closing = False
        self._main: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None

    def begin(self, topics: Iterable[str], on_revoked: Rebalanced, on_assigned: Rebalanced) -> None:
        """Joins in the background."""
        self._topics = list(topics)
        self._on_revoked, self._on_assigned = on_revoked, on_assigned
        self._must_join.set()
        self._main = asyncio.get_running_loop().create_task(self._run())

    def check(self) -> None:
        """Raises what went wrong in the background."""
        if self._error is not None:
            raise self._error

    async def leave(self) -> None:
        """Leaves for good."""
        self._closing = True
        self._must_join.set()
        if self._main is not None:
            _, late = await asyncio.wait([self._main], timeout=_LAST_REBALANCE)
            for task in late:
                task.cancel()
        self._stop_beating()
        member = self.metadata.member_id
        if member:
            try:
                await self._ask("leave", lambda: self._cluster.group.leave(member))
            except (NoAnswerError, GroupError):
                self._cluster.trace.note(self._caller.name, "could not leave the group")

    async def _run(self) -> None:
        prepared = False
        while not self._closing:
            if not self._must_join.is_set():
                await self._must_join.wait()
                continue
            try:
                if not prepared:
                    self.rebalancing = True
                    await self._call(self._on_revoked)
                    prepared = True
                self._stop_beating()
                if await self._join():
                    prepared = False
                    self._beating = asyncio.get_running_loop().create_task(self._beat())
            except Exception as error:  # noqa: BLE001 - the next call raises it
                self._error = error
                return

    async def _call(self, callback: Rebalanced) -> None:
        try:
            await callback(self._partitions)
        except Exception as error:  # noqa: BLE001 - the next call raises it
            self._error = error

    async def _join(self) -> bool:
        data = bytes(self._assignor.metadata(self._topics).user_data or b"")
        try:
            joined: Joined = await self._ask(
                "join",
                lambda: self._cluster.group.join(self._instance, self.metadata.member_id, self._session, data),
            )
            self._become(joined.generation, joined.member)
            assignment = self._decided(joined.members) if joined.members else None
            given = await self._ask(
                "sync", lambda: self._cluster.group.sync(joined.member, joined.generation, assignment)
            )
        except NoAnswerError:
            await asyncio.sleep(_AGAIN)
            return False
        except GroupError as error:
            self._note_refusal(error.code)
            if error.code != UNKNOWN_MEMBER:
                await asyncio.sleep(_AGAIN)
            return False
        self._must_join.clear()
        listed = () if given is None else given.assignment
        self._partitions = frozenset((topic, number) for topic, numbers in listed for number in numbers)
        if given is not None:
            self._assignor.on_assignment(given)
        self.on_change(self._partitions)
        self.rebalancing = False
        await self._call(self._on_assigned)
        return True

    def _decided(self, members: Mapping[str, bytes]) -> dict[str, Any]:
        """What the leader assigns to everybody."""
        meta = {name: _Metadata(sorted(self._topics), data) for name, data in members.items()}
        return self._assignor.assign(self._cluster, meta)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            member = self.metadata
            try:
                await self._ask(
                    "heartbeat",
                    partial(self._cluster.group.heartbeat, member.member_id, self._instance, member.generation),
                )
            except NoAnswerError:
                continue
            except GroupError as error:
                try:
                    self._note_refusal(error.code)
                except FencedError as fenced:
                    self._error = fenced
                    return
                if not self.metadata.member_id:
                    return

    def _note_refusal(self, code: int) -> None:
        if code == FENCED_INSTANCE:
            raise FencedError("another process has joined as this one")
        if code in {UNKNOWN_MEMBER, ILLEGAL_GENERATION}:
            self._become(-1, "")
        if code in {UNKNOWN_MEMBER, ILLEGAL_GENERATION, REBALANCING}:
            self._must_join.set()

    def _become(self, generation: int, member: str) -> None:
        self.metadata = GroupMetadata(self.metadata.group, generation, member, self._instance)

    def _stop_beating(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None

    async def commit(self, member: GroupMetadata, offsets: Mapping[At, tuple[int, str]]) -> None:
        """Commits offsets in the name of a member, outside of transactions."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            try:
                await self._cluster.network.ask(
                    self._caller, "commit", lambda: self._cluster.group.commit(member, offsets), "repeatable"
                )
            except NoAnswerError as error:
                if loop.time() > until:
                    raise RetriableKafkaError("committing offsets: no answer") from error
            except GroupError as error:
                raise commit_error(error.code, member.group) or RetriableKafkaError(repr(error)) from error
            else:
                return

    async def _ask(self, kind: str, serve: Callable[[], Any]) -> Any:
        return await self._cluster.network.ask(self._caller, kind, serve)


class _Metadata:
    """What a member has told the leader."""

    def __init__(self, subscription: list[str], user_data: bytes) -> None:
        self.subscription = subscription
        self.user_data = user_data
