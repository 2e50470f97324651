"""Knows when a run until the end is done: the input that was there at the start, and all that it causes.

Sources nobody here writes to are read up to where they ended at the start; topics that the running topologies write
are looked at again until nothing new has come. Counts what the group has committed, so that several processes may
share the work. Knows nothing of how records are processed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from streamapp.engine.specs import Plan
from streamapp.kafka import RetriableKafkaError
from streamapp.worker.application import Application
from streamapp.worker.cluster import Cluster
from streamapp.worker.names import Names
from streamapp.worker.running import TopicPartition

logger = logging.getLogger(__name__)

_POLL = 0.05
"""Seconds between two looks at the group's offsets."""


class UntilEnd:
    """The ends found at the start."""

    def __init__(self, cluster: Cluster, ends: Mapping[TopicPartition, int], written: frozenset[str]) -> None:
        self._cluster = cluster
        self._ends = dict(ends)
        self._written = written

    @classmethod
    async def now(cls, cluster: Cluster, plans: Iterable[Plan]) -> UntilEnd:
        """Notes where the topics that `plans` read end now."""
        plans = list(plans)
        read = {
            source.topic
            for plan in plans
            for sub in plan.subtopologies
            for source in sub.sources
            if not source.internal
        }
        written = {sink.topic for plan in plans for sub in plan.subtopologies for sink in sub.sinks}
        partitions = [(topic, number) for topic in sorted(read) for number in range(cluster.partitions[topic])]
        return cls(cluster, await cluster.admin.ends(partitions), frozenset(written & read))

    async def reached(self, applications: Mapping[str, Application]) -> None:
        """Returns when every Application has committed all of it; a cluster that does not answer is asked again."""
        while True:
            try:
                if await self._is_reached(applications):
                    return
            except RetriableKafkaError as error:
                logger.warning("how far the groups are is not known now: %s", error)
                await asyncio.sleep(_POLL)

    async def _is_reached(self, applications: Mapping[str, Application]) -> bool:
        wanted = await self._wanted(applications)
        await self._committed(applications, wanted)
        return await self._wanted(applications) == wanted

    async def _wanted(self, applications: Mapping[str, Application]) -> dict[str, dict[TopicPartition, int]]:
        """For each Application the offsets it must reach, with the topics written here as they stand now."""
        wanted: dict[str, dict[TopicPartition, int]] = {}
        for name, application in applications.items():
            moving = self._moving(application)
            ends = await self._cluster.admin.ends(moving)
            fixed = {at: self._ends[at] for at in _sources(application, self._cluster) if at in self._ends}
            wanted[name] = {**fixed, **ends}
        return wanted

    def _moving(self, application: Application) -> list[TopicPartition]:
        internal = {
            Names.internal(application.names, source.topic)
            for sub in application.plan.subtopologies
            for source in sub.sources
            if source.internal
        }
        return [at for at in _sources(application, self._cluster) if at[0] in internal or at[0] in self._written]

    async def _committed(
        self, applications: Mapping[str, Application], wanted: Mapping[str, Mapping[TopicPartition, int]]
    ) -> None:
        for name, application in applications.items():
            todo = {at: end for at, end in wanted[name].items() if end > 0}
            while todo:
                group = await self._cluster.admin.committed(application.group)
                todo = {at: end for at, end in todo.items() if group.get(at, (0, None))[0] < end}
                if todo:
                    await asyncio.sleep(_POLL)


def _sources(application: Application, cluster: Cluster) -> list[TopicPartition]:
    topics = {
        application.names.internal(source.topic) if source.internal else source.topic
        for sub in application.plan.subtopologies
        for source in sub.sources
    }
    known = cluster.partitions  # topics that came later match a pattern, and were not there at the start
    return [(topic, number) for topic in sorted(topics & set(known)) for number in range(known[topic])]
