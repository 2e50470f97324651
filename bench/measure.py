"""One drain of one workload by one system: launched, watched, metered, and swept away.

Every run has a group, an output topic and a state folder of its own.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from bench.data import USERS_TOPIC, Loaded
from bench.drain import Wanted, drained
from bench.process import Launched
from bench.systems import System
from streamapp.kafka import Admin

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one drain took: events per second, CPU microseconds per event, peak memory in MB, seconds to start."""

    workload: str
    system: System
    n: int
    rate: float
    later_rate: float
    cpu_us: float
    rss_mb: float
    startup: float

    @property
    def warm_rate(self) -> float:
        """The best that can be said of it: a JVM's second half is faster than its first."""
        return max(self.rate, self.later_rate)


@dataclass(frozen=True, slots=True)
class Bench:
    """A broker that systems are measured on, and where they keep state and logs."""

    admin: Admin
    bootstrap: str
    folder: Path


def launch(bench: Bench, system: System, workload: str, topics: tuple[str, ...], output: str, state: Path) -> Launched:
    """Starts a system on its input; its application id is the name of the output topic, its log is beside `state`."""
    command = [*system.command, "--workload", workload, "--bootstrap", bench.bootstrap, "--input", ",".join(topics)]
    command += ["--output", f"{output}-out", "--app-id", output, "--state-dir", str(state), "--table", USERS_TOPIC]
    return Launched(command, state.with_suffix(".log"), {"PYTHONPATH": str(ROOT)})


async def measure(bench: Bench, system: System, workload: str, loaded: Loaded) -> Measured:
    """Drains the input once; raises `BenchError` when the system fails."""
    name = f"{system.name}-{workload.lower()}-{uuid.uuid4().hex[:8]}"
    dataset = loaded.dataset
    await bench.admin.create(f"{name}-out", dataset.partitions, {"retention.ms": "-1"}, 1)
    state = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=bench.folder))
    expected = None if system.transactional else loaded.outputs.get(workload)
    running = launch(bench, system, workload, dataset.topics, name, state)
    try:
        done = await drained(bench.admin, running, Wanted(name, dataset.topics, f"{name}-out", expected))
    finally:
        running.stop()
    await sweep(bench, name, state)
    return Measured(
        workload,
        system,
        dataset.n,
        done.rate(dataset.n),
        done.later_rate(dataset.n),
        running.meter.between(done.start, done.end) / dataset.n * 1e6,
        running.meter.peak,
        done.start - running.started,
    )


async def sweep(bench: Bench, name: str, state: Path) -> None:
    """Deletes a run's topics, state and log."""
    await bench.admin.delete_topics([topic for topic in await bench.admin.list() if topic.startswith(name)])
    shutil.rmtree(state, ignore_errors=True)  # a JVM may still be deleting in it
    state.with_suffix(".log").unlink(missing_ok=True)
