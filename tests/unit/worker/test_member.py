"""What a member of a group says of itself, without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from streamapp import Topic, Topology, stream
from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from streamapp.kafka import RetriableKafkaError, TopicInfo
from streamapp.kafka.cluster_clients import ClusterClients
from streamapp.settings import Settings
from streamapp.worker.accepted import Accepted
from streamapp.worker.cluster import Cluster
from streamapp.worker.intruders import Intruders
from streamapp.worker.member import Member, Parts, State, Tally
from streamapp.worker.names import Names
from streamapp.worker.outputs import Outputs
from streamapp.worker.pulse import Pulse
from streamapp.worker.purge import Purge
from streamapp.worker.rounds import Rounds
from streamapp.worker.tasks import Tasks

PLAN = plan(Topology("t", stream(Topic("in", key=str, value=str)).to(Topic("out", key=str, value=str))), codec_for)
NAMES = Names.of("app", "t")


class Host:
    """Keeps the state it is told."""

    paused = False

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.state: State = "starting"

    def enter(self, state: State) -> None:
        """Takes note."""
        self.state = state


class Quiet:
    """The side of Kafka: a group that has committed nothing, and no records to read."""

    async def committed_stable(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, str]]:
        """Nothing is committed."""
        return dict.fromkeys(partitions, (-1, ""))

    async def beginnings(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Every partition begins at 0."""
        return dict.fromkeys(partitions, 0)

    ends = beginnings

    async def take(self, partitions: Iterable[tuple[str, int]], wait: float) -> dict[tuple[str, int], Any]:
        """There is nothing."""
        return {}

    def end(self, at: tuple[str, int]) -> int:
        """Every partition ends where it begins."""
        return 0

    def seek(self, at: tuple[str, int], offset: int) -> None:
        """Nothing to find."""

    def resume(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Nothing to go on with."""


class Sound:
    """A producer that need not be replaced."""

    needs_replacing = False


class Once:
    """A guarantee whose first commit fails."""

    def __init__(self) -> None:
        self.failed = 0
        self.committed = 0

    async def begin(self) -> None:
        """Nothing to open."""

    async def commit(self, offsets: object, member: object) -> None:
        """Fails the first time."""
        if not self.failed:
            self.failed += 1
            raise RetriableKafkaError("sending offsets: TimeoutError()")
        self.committed += 1

    async def abort(self) -> None:
        """Nothing to end."""


@pytest.fixture
def cluster() -> Cluster:
    """A topic to read and one to write."""
    info = TopicInfo("id", 1, 1, {"max.message.bytes": "1000000"})
    topics = {"in": info, "out": info, NAMES.dead_letters: info}
    return Cluster("none", cast(Any, Quiet()), ClusterClients("127.0.0.1:1"), "c", topics, {"t": PLAN})


async def test_it_runs_although_the_first_commit_of_its_tasks_failed(cluster: Cluster, tmp_path: Path) -> None:
    """It would say that it is restoring for ever, and whoever waits for it to be ready would wait for ever."""
    settings = Settings(state_dir=tmp_path, application="app")
    accepted = Accepted(PLAN, NAMES, cluster.topics)
    tasks = Tasks(PLAN, NAMES, settings, cluster, accepted=accepted, global_stores={})
    rounds = Rounds({}, Outputs(PLAN, NAMES, cluster.partitions), accepted, settings.transaction_timeout)
    parts = Parts("t", tasks, rounds, Purge(cast(Any, Quiet()), frozenset(), 1e9), Pulse(), Tally(), tmp_path)
    host, guarantee = Host(), Once()
    member = Member(host, NAMES, "m", settings, cluster, parts)
    clients, kafka = member._clients, cluster.kafka
    clients.consumer = clients.reader = cast(Any, Quiet())
    clients.intruders = Intruders(clients.reader, markers=1)
    clients.producer = cast(Any, Sound())
    clients.writer = kafka.writer(kafka.producer(None, 1.0), {})
    clients.guarantee = guarantee
    member._member = cast(Any, object())
    tasks.assigned = frozenset({("in", 0)})
    await member.step()
    assert (guarantee.failed, host.state) == (1, "restoring")
    await member.step()
    assert (list(tasks.open), host.state) == ([(0, 0)], "running")
    await tasks.close_all()
