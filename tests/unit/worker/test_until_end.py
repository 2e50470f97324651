"""When a run until the end is done, also with a cluster that now and then does not answer."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from streamapp import Topic, Topology, stream
from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from streamapp.kafka import RetriableKafkaError, TopicInfo
from streamapp.kafka.cluster_clients import ClusterClients
from streamapp.settings import Settings
from streamapp.worker.application import Application
from streamapp.worker.cluster import Cluster
from streamapp.worker.until_end import UntilEnd

PLAN = plan(Topology("t", stream(Topic("in", key=str, value=str)).to(Topic("out", key=str, value=str))), codec_for)


class Silent:
    """The side of a cluster that is asked: does not answer when asked for offsets the first time."""

    def __init__(self) -> None:
        self.refused = 0

    async def ends(self, partitions: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Ten records in each partition."""
        return dict.fromkeys(partitions, 10)

    async def committed(self, group: str) -> dict[tuple[str, int], tuple[int, str]]:
        """All of them, when it answers."""
        if not self.refused:
            self.refused += 1
            raise RetriableKafkaError(f"offsets of group {group!r}: no success within 30 s")
        return {("in", 0): (10, "")}


async def test_a_cluster_that_does_not_answer_is_asked_again() -> None:
    """The worker goes on meanwhile: it would end with an error, in the middle of its work, otherwise."""
    admin = Silent()
    info = TopicInfo("id", 1, 1, {"max.message.bytes": "1000000"})
    topics = {"in": info, "out": info, "streamapp-t-dead-letters": info}
    cluster = Cluster("none", cast(Any, admin), ClusterClients("127.0.0.1:1"), "c", topics, {"t": PLAN})
    until_end = await UntilEnd.now(cluster, [PLAN])
    application = Application(PLAN, Settings(), cluster, {}, lambda _: None)
    async with asyncio.timeout(5):
        await until_end.reached({"t": application})
    assert admin.refused == 1
