"""How long a round lasts, and whose turn it is after one that was cut short."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp import Topic, Topology, stream
from streamapp.engine.plan import plan
from streamapp.engine.queues import RecordQueues
from streamapp.engine.specs import SubTopology
from streamapp.engine.task import Task
from streamapp.formats import codec_for
from streamapp.kafka import TopicInfo
from streamapp.kafka.cluster_clients import ClusterClients
from streamapp.settings import Settings
from streamapp.state import Identity, TaskState
from streamapp.worker.accepted import Accepted
from streamapp.worker.assignment import Claim
from streamapp.worker.channel import Batch
from streamapp.worker.clients import Clients, Membership
from streamapp.worker.clock import CLOCK
from streamapp.worker.commit import AtLeastOnce
from streamapp.worker.names import Names
from streamapp.worker.outputs import Outputs
from streamapp.worker.rounds import SHARE, Rounds
from streamapp.worker.running import RunningTask

EVENTS = Topic("events", key=str, value=str)
NAMES = Names.of("app", "slow")
COUNT = 3_000
"""Records of each partition."""


class Time:
    """A clock that stands still but while records are processed."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    wall = monotonic


class Direct:
    """A channel whose holder takes a batch at once."""

    async def run(self, batch: Batch) -> None:
        """Processes it."""
        await batch.process()


@pytest.fixture
def time() -> Iterator[Time]:
    """The clock in force."""
    made = Time()
    token = CLOCK.set(made)
    yield made
    CLOCK.reset(token)


class Bench:
    """Two tasks of a topology that takes 2 ms for a record, and their rounds; the transaction's timeout is 10 s."""

    def __init__(self, time: Time) -> None:
        self.done: list[str] = []

        def slow(value: str) -> bool:
            time.now += 0.002
            self.done.append(value)
            return False

        made = plan(Topology("slow", stream(EVENTS).filter(slow).to(Topic("out", key=str, value=str))), codec_for)
        kafka = ClusterClients("127.0.0.1:1")
        self.clients = Clients(kafka, Settings(), Membership("g", "m", {}, Claim, _nothing, _nothing), {})
        self.clients.writer = kafka.writer(kafka.producer(None, 1.0), {})
        self.clients.guarantee = AtLeastOnce(kafka.reader())
        config = {"max.message.bytes": "1000000"}
        accepted = Accepted(made, NAMES, {"out": TopicInfo("id", 1, 1, config)})
        outputs = Outputs(made, NAMES, {"out": 1, NAMES.dead_letters: 1})
        self.rounds = Rounds({0: Direct()}, outputs, accepted, 10.0)
        self.tasks = [self._task(made.subtopologies[0], partition) for partition in (0, 1)]

    def _task(self, sub: SubTopology, partition: int) -> RunningTask:
        state = TaskState.open(None, sub.stores, Identity())
        at = ("events", partition)
        task = Task(sub, partition, state.stores, application="app")
        made = RunningTask(sub, partition, task, state, RecordQueues([at]), {"events": "events"})
        made.begin_at({at: 0}, {}, [])
        rows = [(offset, 0, b"k", f"{partition}-{offset}".encode(), ()) for offset in range(COUNT)]
        made.enqueue(at, 0, rows, COUNT)
        made.set_end(at, COUNT)
        return made

    @property
    def positions(self) -> list[int]:
        """How far each task is."""
        return [task.positions["events", task.partition] for task in self.tasks]


async def _nothing(_partitions: object) -> None:
    """What a rebalance would call."""


async def test_a_round_ends_long_before_its_transaction_does(time: Time) -> None:
    """A run of records that takes longer is cut at a slice, so that what is done can be committed."""
    bench = Bench(time)
    await bench.rounds.run(bench.tasks, bench.clients)
    assert 10.0 * SHARE <= time.now < 10.0 / 2
    first, second = bench.positions
    assert 0 < first < COUNT
    assert second == 0
    assert bench.done == [f"0-{offset}" for offset in range(first)]
    assert bench.tasks[0].done.records_in == first


async def test_the_next_round_begins_where_time_was_up(time: Time) -> None:
    """Every task has its turn, and no record is left out or done twice."""
    bench = Bench(time)
    await bench.rounds.run(bench.tasks, bench.clients)
    await bench.rounds.run(bench.tasks, bench.clients)
    assert all(0 < position < COUNT for position in bench.positions)
    while any(task.ready(int(time.now * 1000)) for task in bench.tasks):
        await bench.rounds.run(bench.tasks, bench.clients)
    assert bench.positions == [COUNT, COUNT]
    for partition in ("0", "1"):
        offsets = [int(one[2:]) for one in bench.done if one[0] == partition]
        assert offsets == list(range(COUNT))
