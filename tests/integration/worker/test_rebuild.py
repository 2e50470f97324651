"""State built anew beside a worker that goes on, and put in its place."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamapp.kafka import Admin
from tests.integration.worker.conftest import ROOT, Bench, opened, until

SENSORS = 4


@pytest.fixture
def bench(broker: str, tmp_path: Path) -> Iterator[Bench]:
    """A bench with short times in the group, so that its members hear of each other soon."""
    with opened(broker, tmp_path, "tests.integration.worker.pipelines:TOPOLOGIES") as made:
        made.environment |= {"STREAMAPP_SESSION_TIMEOUT": "6", "STREAMAPP_HEARTBEAT_INTERVAL": "0.5"}
        made.topic(f"readings-{made.prefix}", 2)
        yield made


def readings(first: int, last: int) -> list[dict[str, Any]]:
    """Records of some sensors, keyed so that each goes through the repartition topic."""
    return [
        {
            "key": f"k{number % 7}",
            "value": {"sensor": f"s{number % SENSORS}", "sequence": number},
            "timestamp": number * 1000,
        }
        for number in range(first, last)
    ]


def checksum(bench: Bench) -> tuple[int, int]:
    """Of all windows: the readings, and the sum of what was added."""
    rows = bench.table("sensors", "total-per-sensor").values()
    return sum(row["readings"] for row in rows), sum(row["checksum"] for row in rows)


def test_a_rebuilt_table_takes_the_place_of_the_live_one(bench: Bench) -> None:
    """The same code finds nothing to change; another code's rows are there for the worker, which goes on with them."""
    topic = f"readings-{bench.prefix}"
    worker = bench.start("sensors", "run")
    bench.produce(topic, readings(0, 600))
    until(lambda: checksum(bench) == (600, sum(range(600))), "the first readings are counted")
    same = json.loads(bench.run("sensors", "rebuild", "--json"))
    assert same["changed"] == 0
    assert same["rows"] > SENSORS
    other = json.loads(bench.run("sensors", "rebuild", "--json", PIPELINE_FACTOR="10"))
    assert other["changed"] == other["rows"] == same["rows"]
    until(lambda: checksum(bench) == (600, 10 * sum(range(600))), "the worker shows the rebuilt rows")
    bench.produce(topic, readings(600, 700))
    until(
        lambda: checksum(bench) == (700, 10 * sum(range(600)) + sum(range(600, 700))), "the worker goes on from there"
    )
    kill_a_rebuild(bench)
    bench.produce(topic, readings(700, 720))
    until(lambda: checksum(bench)[0] == 720, "the worker goes on after a rebuild that died")
    before = 10 * sum(range(600)) + sum(range(600, 700)), 10 * sum(range(700))
    assert checksum(bench)[1] - sum(range(700, 720)) in before  # as it was, or all of it switched: nothing between
    found = checksum(bench)
    bench.stop(worker)
    assert checksum(bench) == found


def kill_a_rebuild(bench: Bench) -> None:
    """Kills a rebuild as soon as it is in the group, where it withholds the tasks."""

    async def members() -> int:
        async with await Admin.connect(bench.environment["STREAMAPP_BOOTSTRAP_SERVERS"], fail_fast=True) as admin:
            return await admin.members(f"{bench.prefix}-sensors")

    rebuild = subprocess.Popen(
        [sys.executable, "-m", "streamapp", "sensors", "rebuild"],
        cwd=ROOT,
        env=bench.environment | {"PIPELINE_FACTOR": "10"},
        stdout=subprocess.DEVNULL,
    )
    until(lambda: asyncio.run(members()) > 1, "it joins the group")
    rebuild.kill()
    assert rebuild.wait() == -signal.SIGKILL
