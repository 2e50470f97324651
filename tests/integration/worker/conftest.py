"""What a test of the worker needs: topics of its own, input, worker processes, and what came out."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from streamapp.kafka import Admin

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0
"""Seconds a condition may take on a busy machine."""


@dataclass
class Bench:
    """Commands of streamapp against one broker, with an application prefix and a state folder of the test's own."""

    environment: dict[str, str]
    folder: Path
    prefix: str
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(
        self, *arguments: str, stdin: str | None = None, expect: int = 0, output: int = 0, **environment: str
    ) -> str:
        """Runs a command to its end; fails the test when it ends with another code than expected.

        Gives what it printed: an error, when it is expected to end with one; with `output`, its output all the same.
        """
        expect = expect or output
        done = subprocess.run(
            [sys.executable, "-m", "streamapp", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.environment | environment,
            timeout=2 * PATIENCE,
            check=False,
        )
        assert done.returncode == expect, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout if expect == output else done.stderr

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a worker and returns when it says that it is ready."""
        worker = self.spawn(*arguments, **environment)
        self.wait_ready(worker)
        return worker

    def wait_ready(self, worker: subprocess.Popen[str]) -> None:
        """Returns when a worker says that it is ready."""
        assert worker.stdout is not None
        ready = worker.stdout.readline()
        assert ready.startswith('{"ready": true'), f"not ready: {ready!r}\n{self.log(worker)}"

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a worker; its log goes to a file of its own."""
        log = (self.folder / f"worker-{len(self.processes)}.log").open("w")
        worker = subprocess.Popen(
            [sys.executable, "-m", "streamapp", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
            env=self.environment | environment,
        )
        self.processes.append(worker)
        return worker

    def log(self, worker: subprocess.Popen[str]) -> str:
        """What a worker has logged so far."""
        return (self.folder / f"worker-{self.processes.index(worker)}.log").read_text(encoding="utf-8")

    def stop(self, worker: subprocess.Popen[str]) -> None:
        """SIGTERM, and a clean end."""
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0, self.log(worker)

    def kill(self, worker: subprocess.Popen[str]) -> None:
        """SIGKILL."""
        worker.kill()
        worker.wait(PATIENCE)

    def topic(self, name: str, partitions: int = 1, **config: str) -> None:
        """Makes a topic whose records never expire."""
        options = [word for item in ({"retention.ms": "-1"} | config).items() for word in ("--config", "=".join(item))]
        self.run("topics", "create", name, "--partitions", str(partitions), *options)

    def produce(self, topic: str, records: Iterable[dict[str, Any]]) -> None:
        """Writes records of the CLI's shape."""
        self.run("produce", topic, stdin="\n".join(json.dumps(record) for record in records))

    def consume(self, topic: str) -> list[dict[str, Any]]:
        """Everything committed on a topic."""
        out = self.run("consume", topic, "--from-beginning", "--until-end")
        return [json.loads(line) for line in out.splitlines()]

    def table(self, topology: str, name: str) -> dict[Any, Any]:
        """A table's rows by key, or by key and window start."""
        rows = [json.loads(line) for line in self.run(topology, "table", name).splitlines()]
        return {
            row["key"] if row["window"] is None else (row["key"], row["window"]["start"]): row["value"] for row in rows
        }

    def processed(self, topology: str) -> int:
        """How many records the group of a topology has committed, asked directly: a command would take too long."""

        async def ask() -> int:
            async with await Admin.connect(self.environment["STREAMAPP_BOOTSTRAP_SERVERS"], fail_fast=True) as admin:
                offsets = await admin.committed(f"{self.prefix}-{topology}")
            return sum(offset for (topic, _), (offset, _) in offsets.items() if topic == f"readings-{self.prefix}")

        return asyncio.run(ask())

    def lag(self, topology: str) -> int:
        """How many records a topology is behind."""
        lag: int = json.loads(self.run(topology, "lag", "--json"))["lag"]
        return lag


def until(condition: Callable[[], bool], what: str, pause: float = 0.1) -> None:
    """Polls until the condition holds, or fails the test."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(pause)


@contextmanager
def opened(broker: str, folder: Path, topologies: str) -> Iterator[Bench]:
    """A bench whose topics are shared with nobody: the pipelines' topics get a broker-wide unique suffix."""
    prefix = f"t{uuid.uuid4().hex[:8]}"
    environment = os.environ | {
        "STREAMAPP_BOOTSTRAP_SERVERS": broker,
        "STREAMAPP_APPLICATION": prefix,
        "STREAMAPP_WEB_PORT": "0",
        "STREAMAPP_STATE_DIR": str(folder / "state"),
        "STREAMAPP_TOPOLOGIES": topologies,
        "PIPELINE_SUFFIX": f"-{prefix}",
    }
    made = Bench(environment, folder, prefix)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def bench(broker: str, tmp_path: Path) -> Iterator[Bench]:
    """A bench for the pipelines."""
    with opened(broker, tmp_path, "tests.integration.worker.pipelines:TOPOLOGIES") as made:
        yield made
