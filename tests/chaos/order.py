"""What a fault is asked to do: where, from which seed, over how many events, how often. Knows no fault."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from streamapp.kafka.broker.server import Broker
from streamapp.settings import Guarantee
from tests.chaos.rows import Outcome
from tests.chaos.scene import Scene


@dataclass(frozen=True)
class Order:
    """One run of a fault on a running broker; after `minutes` no further repetition is begun."""

    broker: Broker
    bootstrap: str
    folder: Path
    seed: int
    events: int
    times: int
    minutes: float = 60.0
    guarantee: Guarantee = "exactly_once"
    page: Path | None = None
    """Where a fault that draws what happened writes that to; None: in `folder`."""
    outcome: Outcome = field(default_factory=Outcome)
    """What has happened so far, also when the fault cannot go on."""
    _began: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> int:
        """Events for each repetition."""
        return max(1, self.events // self.times)

    @property
    def time_left(self) -> bool:
        """Whether another repetition may begin."""
        return time.monotonic() - self._began < self.minutes * 60

    def turns(self) -> Iterator[int]:
        """The repetitions that time allows, counted from 0."""
        for turn in range(self.times):
            if turn and not self.time_left:
                return
            yield turn

    def scene(self, partitions: int = 4, replicas: int = 1, topology: str = "chaos") -> Scene:
        """A scene of its own, in which what happens is added to the outcome."""
        scene = Scene(
            self.bootstrap, self.folder, self.seed, partitions, replicas, topology=topology, guarantee=self.guarantee
        )
        scene.outcome = self.outcome
        return scene
