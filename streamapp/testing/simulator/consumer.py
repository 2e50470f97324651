"""A consumer, as `streamapp.kafka.BatchConsumer`, on a simulated cluster: fetches ahead, and may be in a group.

Knows nothing of what records hold; how it is in a group is in `membership`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from streamapp.errors import StreamappError
from streamapp.kafka import OffsetOutOfRangeError, RetriableKafkaError
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.interfaces import Made, Rebalanced, Row
from streamapp.testing.simulator.admin import PATIENCE
from streamapp.testing.simulator.cluster import SimulatedCluster
from streamapp.testing.simulator.group import UNSTABLE, At, GroupError
from streamapp.testing.simulator.log import RangeError
from streamapp.testing.simulator.membership import Membership
from streamapp.testing.simulator.network import Caller, NoAnswerError
from streamapp.testing.simulator.plants import Plant

FETCH = 5
"""Records of a partition in one answer."""

_EMPTY = 0.08
"""Seconds an empty fetch is held back."""


class SimulatedRecords:
    """What one fetch brought of one partition."""

    __slots__ = ("_rows", "end", "next", "start")

    def __init__(self, start: int, next_offset: int, end: int, rows: list[Row]) -> None:
        self.start, self.next, self.end = start, next_offset, end
        self._rows = rows

    def rows(self) -> list[Row]:
        """The records."""
        return self._rows

    def parts(self) -> Iterator[SimulatedRecords]:
        """The records, one by one; what follows the last, markers and the like, is with it."""
        if not self._rows:
            yield self
            return
        starts = [self.start, *(row[0] for row in self._rows[1:]), self.next]
        for row, (start, following) in zip(self._rows, pairwise(starts), strict=True):
            yield SimulatedRecords(start, following, self.end, [row])

    def newest(self, before: int, make: Callable[[bytes | None, int], Made]) -> tuple[dict[bytes, Made], int]:
        """What `make(value, timestamp)` gives of each key's last record before an offset, and how many there are."""
        rows = [row for row in self._rows if row[0] < before]
        return {key: make(value, timestamp) for _, timestamp, key, value, _ in rows if key is not None}, len(rows)


class SimulatedConsumer:
    """Reads for `caller` what it is told to; with a `membership` what a group gives it."""

    def __init__(
        self,
        cluster: SimulatedCluster,
        caller: Caller,
        plant: Plant | None,
        membership: Membership | None = None,
        *,
        committed: bool = True,
    ) -> None:
        self._cluster = cluster
        self._caller = caller
        self._plant = plant
        self._membership = membership
        self._committed = committed and plant != "read-uncommitted"
        self._positions: dict[At, int] = {}
        self._assigned: frozenset[At] = frozenset()
        self._paused: set[At] = set()
        self._ends: dict[At, int] = {}
        self._fetched: dict[At, SimulatedRecords | RangeError] = {}
        self._fetching: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        if membership is not None:
            membership.on_change = self._take_assignment

    async def start(self) -> None:
        """Nothing has to be found."""

    async def stop(self) -> None:
        """Leaves the group and fetches no more."""
        if self._membership is not None:
            await self._membership.leave()
        if self._fetching is not None:
            self._fetching.cancel()

    # -- what to read --------------------------------------------------------------------------------------------------

    def assign(self, partitions: Iterable[At]) -> None:
        """Reads these and no others."""
        self._take_assignment(frozenset(partitions))

    def subscribe(self, topics: Iterable[str], *, on_revoked: Rebalanced, on_assigned: Rebalanced) -> None:
        """Joins the group."""
        self._member.begin(topics, on_revoked, on_assigned)

    def _take_assignment(self, partitions: frozenset[At]) -> None:
        self._assigned = partitions
        self._positions.clear()
        self._paused.clear()
        self._fetched.clear()
        self._ends.clear()

    def seek(self, at: At, offset: int) -> None:
        """Goes on at an offset."""
        if at in self._assigned:
            self._positions[at] = offset
            self._fetched.pop(at, None)

    def pause(self, partitions: Iterable[At]) -> None:
        """Fetches no more of these."""
        for at in self._assigned.intersection(partitions):
            self._paused.add(at)
            self._fetched.pop(at, None)

    def resume(self, partitions: Iterable[At]) -> None:
        """Fetches these again."""
        self._paused.difference_update(partitions)

    def end(self, at: At) -> int | None:
        """Where a partition ends for readers of committed records, as of its last fetch."""
        return self._ends.get(at)

    # -- reading -------------------------------------------------------------------------------------------------------

    async def take(self, partitions: Collection[At], timeout_s: float) -> Mapping[At, SimulatedRecords]:
        """What was fetched of these; waits for the first of it."""
        if self._membership is not None:
            self._membership.check()
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while True:
            self._fetch()
            found = {} if self._is_rebalancing else self._take_now(partitions)
            left = until - loop.time()
            if found or left <= 0:
                return found
            self._waiter = loop.create_future()
            timer = loop.call_later(left, self._wake)
            await self._waiter
            timer.cancel()

    @property
    def _is_rebalancing(self) -> bool:
        return self._membership is not None and self._membership.rebalancing

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _take_now(self, partitions: Collection[At]) -> dict[At, SimulatedRecords]:
        found: dict[At, SimulatedRecords] = {}
        for at in partitions:
            result = self._fetched.pop(at, None)
            if isinstance(result, RangeError):
                raise OffsetOutOfRangeError(at, self._positions[at], *result.args)
            if result is not None:
                self._positions[at] = result.next
                found[at] = result
        if found:
            self._fetch()
        return found

    def _fetch(self) -> None:
        """Asks for more of what nothing is there of, one request at a time."""
        if self._fetching is not None and not self._fetching.done():
            return
        wanted = {
            at: offset for at, offset in self._positions.items() if at not in self._paused and at not in self._fetched
        }
        if wanted:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch_once(wanted))

    async def _fetch_once(self, wanted: Mapping[At, int]) -> None:
        try:
            answer = await self._cluster.network.ask(self._caller, "fetch", lambda: self._served(wanted))
        except NoAnswerError:
            return
        if self._keep(answer, wanted):
            self._wake()
        else:
            await asyncio.sleep(_EMPTY)

    def _served(self, wanted: Mapping[At, int]) -> dict[At, SimulatedRecords | RangeError]:
        """What the cluster answers."""
        committed = self._committed
        answer: dict[At, SimulatedRecords | RangeError] = {}
        for at in sorted(wanted):
            log = self._cluster.logs[at]
            try:
                rows, next_offset = log.read(wanted[at], FETCH, committed=committed)
            except RangeError as error:
                answer[at] = error
            else:
                answer[at] = SimulatedRecords(wanted[at], next_offset, log.stable if committed else log.end, rows)
        return answer

    def _keep(self, answer: Mapping[At, SimulatedRecords | RangeError], wanted: Mapping[At, int]) -> bool:
        """Keeps what is still asked for; tells whether there is anything new."""
        news = False
        for at, result in answer.items():
            if self._positions.get(at) != wanted[at] or at in self._paused:
                continue
            if isinstance(result, SimulatedRecords):
                self._ends[at] = result.end
                if result.next == result.start:
                    continue
            self._fetched[at] = result
            news = True
        return news

    # -- the group -----------------------------------------------------------------------------------------------------

    @property
    def _member(self) -> Membership:
        if self._membership is None:
            raise RuntimeError("only a consumer that is a member is in a group")
        return self._membership

    def group_metadata(self) -> GroupMetadata:
        """Who this member is now."""
        return self._member.metadata

    async def commit_offsets(self, offsets: Mapping[At, tuple[int, str]], member: GroupMetadata) -> None:
        """Commits offsets outside of transactions."""
        if self._plant == "no-fencing":
            member = GroupMetadata(member.group, -1, "")
        await self._member.commit(member, offsets)

    async def committed_stable(self, partitions: Iterable[At]) -> dict[At, tuple[int, str | None]]:
        """The committed offsets, once no transaction is about to change one."""
        group, wanted = self._cluster.group, sorted(partitions)
        serve = group.committed if self._plant == "unstable-offsets" else group.stable
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while wanted:
            try:
                answer: dict[At, Any] = await self._cluster.network.ask(
                    self._caller, "offset-fetch", lambda: serve(wanted)
                )
            except (NoAnswerError, GroupError) as error:
                if isinstance(error, GroupError) and error.code != UNSTABLE:
                    raise StreamappError(f"reading committed offsets: {error!r}") from error
                if loop.time() > until:
                    raise RetriableKafkaError("reading committed offsets: they are not stable") from error
                await asyncio.sleep(0.05)
            else:
                return answer
        return {}
