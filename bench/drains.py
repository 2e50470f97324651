"""The comparison of drains: the same data loaded once, systems in turn, round after round.

Interleaved, so that what slows the machine for a while slows all. Knows nothing of goals.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench.data import USERS, USERS_TOPIC, Dataset, Loaded, load
from bench.measure import Bench, Measured, measure
from bench.systems import System, compared

SHARES = {"W6": 2 / 3, "W7": 1 / 3}
"""Part of the events that a workload gets, where Kafka Streams would take very long."""


class Drains:
    """Loads what is needed, once, and drains it."""

    def __init__(self, bench: Bench, events: int) -> None:
        self._bench = bench
        self._events = events
        self._loaded: dict[Dataset, Loaded] = {}

    async def run(self, workloads: Sequence[str], rivals: Sequence[str], rounds: int) -> list[Measured]:
        """All rounds of all workloads; says each result on stderr."""
        systems = {workload: compared(workload, rivals) for workload in workloads}
        measured = []
        for number in range(rounds):
            for workload in workloads:
                for system in systems[workload]:
                    one = await self.once(system, workload)
                    measured.append(one)
                    print(
                        f"round {number + 1}: {workload} {system.label}: {one.rate:,.0f}/s (second half "
                        f"{one.later_rate:,.0f}), {one.cpu_us:.1f} us, {one.rss_mb:.0f} MB",
                        file=sys.stderr,
                    )
        return measured

    async def once(self, system: System, workload: str, dataset: Dataset | None = None) -> Measured:
        """One drain, of the usual data or another dataset."""
        if dataset is None:
            n = int(self._events * SHARES.get(workload, 1))
            dataset = Dataset("orders" if workload == "W6" else "events", min(n, system.most or n) // 2 * 2)
        if workload == "W5":
            await self.load(Dataset(USERS_TOPIC, USERS, partitions=dataset.partitions))
        return await measure(self._bench, system, workload, await self.load(dataset))

    async def load(self, dataset: Dataset) -> Loaded:
        """The dataset, on the broker from the first call on."""
        if dataset not in self._loaded:
            print(f"loading {dataset.n:,} {dataset.kind}", file=sys.stderr)
            self._loaded[dataset] = await load(self._bench.admin, self._bench.bootstrap, dataset)
        return self._loaded[dataset]
