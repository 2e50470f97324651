"""The systems that are compared: how each is started, with which guarantee, and what it cannot do.

Knows nothing of how they are measured.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import rivals

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class System:
    """A command that keeps the launcher contract of `bench.system`; `commit` in seconds.

    `most`: records beyond which it would take too long.
    """

    name: str
    guarantee: str
    commit: float
    command: tuple[str, ...]
    workloads: frozenset[str]
    most: int | None = None

    @property
    def label(self) -> str:
        """What it is called in tables and pictures."""
        return f"{self.name} {self.guarantee.replace('_', '-')} {self.commit:g} s"

    @property
    def transactional(self) -> bool:
        """Whether its outputs count only when they are committed."""
        return self.guarantee == "exactly_once"


ALL = frozenset({"W3-1h", "W3-1s", "W1", "W2", "W2c", "W3", "W3c", "W4", "W5", "W6", "W7"})


def streamapp(guarantee: str = "exactly_once", commit: float = 1.0, *more: str) -> System:
    """One worker process of ours."""
    command = [sys.executable, "-m", "bench.system", "--guarantee", guarantee, "--commit-interval", f"{commit:g}"]
    return System("streamapp", guarantee, commit, (*command, *more), ALL)


def kafka_streams(guarantee: str = "at_least_once", commit: float = 1.0, *more: str) -> System:
    """Kafka Streams with one thread; made by Maven on the first call."""
    java = rivals.kafka_streams()
    options = ["--guarantee", guarantee, "--commit-interval-ms", f"{commit * 1000:g}", *more]
    return System("kafka-streams", guarantee, commit, (*java, *options), ALL)


def _python(name: str, script: str, workloads: frozenset[str], most: int) -> System:
    command = (str(rivals.python(name)), "-W", "ignore", str(HERE / "rivals" / script))
    return System(name, "at_least_once", 1.0, command, workloads, most)


def rival(name: str) -> System:
    """The rival with that name, at least once with a commit each second; raises `BenchError` when it cannot be made."""
    if name == "kafka-streams":
        return kafka_streams()
    if name == "faust":
        return _python(name, "faust_app.py", frozenset({"W1", "W2", "W3", "W4", "W5"}), 50_000)
    if name == "quix":
        return _python(name, "quix_app.py", frozenset({"W1", "W2", "W3", "W4", "W5", "W6"}), 300_000)
    raw = (sys.executable, str(HERE / "rivals" / "raw_loop.py"))
    return System("raw", "at_least_once", 1.0, raw, frozenset({"W1", "W2"}))


def compared(workload: str, names: Sequence[str]) -> list[System]:
    """The systems of one round of a workload, ours first; for W2 each guarantee against its like."""
    systems = [streamapp(), *(rival(name) for name in names)]
    if workload == "W2":
        systems += [streamapp("at_least_once"), streamapp(commit=0.1), streamapp("at_least_once", 0.1)]
        if "kafka-streams" in names:
            systems.append(kafka_streams("exactly_once"))
    return [system for system in systems if workload in system.workloads]


def with_options(system: System, *options: str) -> System:
    """The same system with more options."""
    return replace(system, command=(*system.command, *options))
