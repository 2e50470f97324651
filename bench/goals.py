"""What the project promises of its speed, and whether measurements keep it. Knows nothing of how they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from bench.measure import Measured
from bench.rows import grouped
from bench.systems import System

_Figure: TypeAlias = Callable[[Measured], float]

STREAMS = {"W1": 1.5, "W2": 2.0, "W2c": 1.5, "W3": 4.0, "W4": 2.5, "W5": 1.5, "W6": 3.0, "W7": 8.0}
"""Our rate, exactly once with a commit each second, over Kafka Streams' warm rate with one thread, at least once."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One goal, its bound, and the middle of what was measured; `most`: the bound is from above."""

    goal: str
    bound: float
    found: float
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether the measurement keeps the promise."""
        return self.found <= self.bound if self.most else self.found >= self.bound

    def __str__(self) -> str:
        sign = "<=" if self.most else ">="
        return f"{'met   ' if self.met else 'MISSED'} {self.goal}: {self.found:.2f} (goal {sign} {self.bound:g})"


def of_drains(measured: Sequence[Measured]) -> list[Verdict]:
    """The verdicts that these rounds allow; what was not measured is not judged."""
    sides = _Sides(measured)
    verdicts = [
        *(
            sides.rate(f"{workload} against Kafka Streams", bound, workload, "streamapp", "kafka-streams-alo")
            for workload, bound in STREAMS.items()
        ),
        sides.rate("W2 exactly once against Kafka Streams' exactly once", 2.0, "W2", "streamapp", "kafka-streams-eos"),
        sides.rate("W2 exactly once against at least once, 1 s commits", 0.9, "W2", "streamapp", "streamapp-alo"),
        sides.rate(
            "W2 exactly once against at least once, 100 ms", 0.75, "W2", "streamapp-100ms", "streamapp-alo-100ms"
        ),
        *(sides.cpu(workload) for workload in STREAMS),
        sides.memory(),
        sides.start(),
    ]
    return [verdict for verdict in verdicts if verdict is not None]


class _Sides:
    """Finds the rounds of each side of a comparison."""

    def __init__(self, measured: Sequence[Measured]) -> None:
        self._runs: Mapping[tuple[str, str], list[Measured]] = {
            (workload, side(system)): runs for (workload, system), runs in grouped(measured).items()
        }

    def rate(self, goal: str, bound: float, workload: str, ours: str, theirs: str) -> Verdict | None:
        """Our rate over theirs, which is the warm one for a JVM."""
        ratio = self._ratio(workload, (ours, theirs), lambda run: run.rate, _comparable)
        return None if ratio is None else Verdict(goal, bound, ratio)

    def cpu(self, workload: str) -> Verdict | None:
        """Our CPU time over that of Kafka Streams."""
        sides = ("streamapp", "kafka-streams-alo")
        ratio = self._ratio(workload, sides, lambda run: run.cpu_us, lambda run: run.cpu_us)
        return None if ratio is None else Verdict(f"{workload} CPU per event, of Kafka Streams'", 0.5, ratio, most=True)

    def memory(self) -> Verdict | None:
        """Our peak memory."""
        runs = self._runs.get(("W2", "streamapp"))
        return Verdict("W2 peak memory, MB", 150, median(run.rss_mb for run in runs), most=True) if runs else None

    def start(self) -> Verdict | None:
        """From launch to the first record."""
        runs = self._runs.get(("W2", "streamapp"))
        found = median(run.startup for run in runs) if runs else 0.0
        return Verdict("start to the first record, seconds", 1.5, found, most=True) if runs else None

    def _ratio(self, workload: str, sides: tuple[str, str], ours: _Figure, theirs: _Figure) -> float | None:
        left, right = (self._runs.get((workload, one)) for one in sides)
        if not left or not right:
            return None
        return median(ours(one) / theirs(other) for one, other in zip(left, right, strict=True))


def side(system: System) -> str:
    """A short name for a system with its guarantee; `streamapp` alone is exactly once with a commit each second."""
    if system.name == "streamapp":
        guarantee = "" if system.transactional else "-alo"
    else:
        guarantee = "-eos" if system.transactional else "-alo"
    return system.name + guarantee + ("" if system.commit == 1 else f"-{system.commit * 1000:g}ms")


def _comparable(run: Measured) -> float:
    return run.warm_rate if run.system.name == "kafka-streams" else run.rate
