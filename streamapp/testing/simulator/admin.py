"""What `streamapp.kafka.Admin` gives, asked of a simulated cluster. Knows nothing of records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from streamapp.kafka import RetriableKafkaError
from streamapp.kafka.topics import TopicInfo
from streamapp.testing.simulator.cluster import SimulatedCluster
from streamapp.testing.simulator.group import At
from streamapp.testing.simulator.network import Caller, NoAnswerError
from streamapp.testing.simulator.plants import Plant

T = TypeVar("T")

PATIENCE = 8.0
"""Seconds something may take that a healthy cluster does in milliseconds."""


class SimulatedAdmin:
    """For one process."""

    cluster_id = "simulated"

    def __init__(self, cluster: SimulatedCluster, caller: Caller, plant: Plant | None) -> None:
        self._cluster = cluster
        self._caller = caller
        self._plant = plant

    async def list(self) -> set[str]:
        """All topics."""
        return set(self._cluster.topics)

    async def describe(self, topics: Iterable[str]) -> dict[str, TopicInfo]:
        """Those that exist."""
        return {name: self._cluster.topics[name] for name in topics if name in self._cluster.topics}

    async def create(self, name: str, partitions: int, config: Mapping[str, str], replication_factor: int) -> None:
        """Makes a topic."""
        self._cluster.create(name, partitions, config)

    async def ends(self, partitions: Iterable[At]) -> dict[At, int]:
        """High watermarks; with the error planted, what readers of committed records see now."""
        logs, wanted = self._cluster.logs, sorted(set(partitions))
        if self._plant == "restore-short":
            return await self._ask("ends", lambda: {at: logs[at].stable for at in wanted})
        return await self._ask("ends", lambda: {at: logs[at].end for at in wanted})

    async def beginnings(self, partitions: Iterable[At]) -> dict[At, int]:
        """The oldest offsets."""
        wanted = sorted(set(partitions))
        return await self._ask("beginnings", lambda: {at: self._cluster.logs[at].start for at in wanted})

    async def committed(self, group: str) -> dict[At, tuple[int, str]]:
        """What the group has committed."""
        return await self._ask("committed", lambda: dict(self._cluster.group.offsets))

    async def delete_records(self, offsets: Mapping[At, int]) -> None:
        """Deletes records before each offset."""

        def serve() -> None:
            for at, offset in offsets.items():
                self._cluster.logs[at].delete_before(offset)
                self._cluster.trace.note("cluster", f"{at[0]}-{at[1]} deleted before {offset}")

        await self._ask("delete-records", serve)

    async def _ask(self, kind: str, serve: Callable[[], T]) -> T:
        return await persistently(self._cluster, self._caller, kind, serve)


async def persistently(cluster: SimulatedCluster, caller: Caller, kind: str, serve: Callable[[], T]) -> T:
    """Asks until there is an answer; raises `RetriableKafkaError` after some seconds."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        try:
            answer: T = await cluster.network.ask(caller, kind, serve)
        except NoAnswerError as error:
            if loop.time() > until:
                raise RetriableKafkaError(f"{kind}: no answer") from error
        else:
            return answer
