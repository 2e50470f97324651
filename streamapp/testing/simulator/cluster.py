"""A cluster in memory: topics with their partitions, and the two coordinators. Knows nothing of clients."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from streamapp.kafka.topics import TopicInfo
from streamapp.testing.simulator.group import At, Group
from streamapp.testing.simulator.log import PartitionLog
from streamapp.testing.simulator.loop import VirtualLoop
from streamapp.testing.simulator.network import Network
from streamapp.testing.simulator.trace import Trace
from streamapp.testing.simulator.transactions import Transactions

_USUAL = {"max.message.bytes": "1048588", "retention.ms": "-1", "cleanup.policy": "delete"}


class SimulatedCluster:
    """Everything the cluster knows; it never crashes, and never forgets what it has acknowledged."""

    def __init__(self, loop: VirtualLoop, network: Network, trace: Trace) -> None:
        self.network = network
        self.trace = trace
        self.topics: dict[str, TopicInfo] = {}
        self.logs: dict[At, PartitionLog] = {}
        self.group = Group(loop, network, trace)
        self.transactions = Transactions(self.logs.__getitem__, self.group, network, trace)

    def create(self, name: str, partitions: int, config: Mapping[str, str]) -> None:
        """Makes a topic, unless it exists."""
        if name in self.topics:
            return
        self.topics[name] = TopicInfo(f"id-{name}", partitions, 1, {**_USUAL, **config})
        for number in range(partitions):
            self.logs[name, number] = PartitionLog()

    def partitions_for_topic(self, topic: str) -> range:
        """As a leader asks for it, who assigns partitions."""
        return range(self.topics[topic].partitions)

    def compact(self, random: Random) -> None:
        """Compacts logs up to some offset: changelogs anywhere, what a group reads only behind what it has committed.

        Else the group would not see values that came before others, and neither would the real one.
        """
        for at, log in self.logs.items():
            if "compact" not in self.topics[at[0]].config["cleanup.policy"]:
                continue
            most = log.stable if at[0].endswith("-changelog") else self.group.offsets.get(at, (0, ""))[0]
            before = random.randint(0, most)
            if before:
                log.compact(before)
                self.trace.note("cluster", f"{at[0]}-{at[1]} compacted before {before}")
