"""Warm standbys: a task that loses its worker goes on where it was followed, and little is read for it."""

from __future__ import annotations

import re
import subprocess
from itertools import islice
from typing import Any

import pytest

from tests.integration.worker.conftest import Bench, until
from tests.integration.worker.test_guarantees import topics
from tests.integration.worker.test_recovery import KEYS, filled_changelogs, keys_of, reading, status

ROWS = 2 * KEYS
"""Records of each task's changelog, before the workers begin."""

NEW = 20
"""Records of each partition that are processed while one task is followed."""


def two_workers(bench: Bench, **environment: str) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """The first, which had both tasks, with a folder of its own; and the second, which has taken one of them."""
    first = bench.start("totals", "run", STREAMAPP_STATE_DIR=str(bench.folder / "other"), **environment)
    second = bench.start("totals", "run", **environment)
    until(lambda: len(status(bench).get("tasks", ())) == 1, "a task that has moved")
    return first, second


def new_readings(sequence: int) -> list[dict[str, Any]]:
    """NEW records for each of two partitions."""
    return [reading(key, sequence) for partition in range(2) for key in islice(keys_of(partition, 2), NEW)]


def restored(log: str) -> int:
    """How many records a worker has read to bring tasks of its own up to date, by its log."""
    return sum(map(int, re.findall(r"totals: restored (\d+) records", log)))


@pytest.mark.parametrize("replicas", [0, 1])
def test_a_task_that_was_followed_needs_only_the_tail(bench: Bench, replicas: int) -> None:
    """The survivor of two workers reads the other's changelog from its beginning, or next to nothing of it."""
    source, _ = topics(bench, 2)
    filled_changelogs(bench, (ROWS, ROWS))
    settings = {"STREAMAPP_STANDBY_REPLICAS": str(replicas), "STREAMAPP_SESSION_TIMEOUT": "6"}
    lost, survivor = two_workers(bench, STREAMAPP_HEARTBEAT_INTERVAL="1", **settings)
    if replicas:
        until(lambda: [one["behind"] for one in status(bench)["standbys"]] == [0], "a standby that is near")
    bench.produce(source, new_readings(1))
    until(lambda: bench.processed("totals") == 2 * NEW, "the new records")
    (own,) = status(bench)["tasks"]
    assert [one["task"] for one in status(bench)["standbys"]] == [name for name in ("0_0", "0_1") if name != own["id"]][
        :replicas
    ]
    before = len(bench.log(survivor))
    bench.kill(lost)
    until(lambda: len(status(bench)["tasks"]) == 2, "the lost worker's task")
    read = restored(bench.log(survivor)[before:])
    assert read <= 2 * NEW if replicas else read >= KEYS, bench.log(survivor)
    assert status(bench)["standbys"] == []
    bench.produce(source, new_readings(2))
    until(lambda: bench.processed("totals") == 4 * NEW, "more records")
    bench.stop(survivor)
    rows = bench.table("totals", "total-per-key")
    assert len(rows) == KEYS + 2 * NEW
    assert all(rows[record["key"]] == {"readings": 2, "checksum": 3} for record in new_readings(1))
    assert all(rows[f"key-{number}"] == {"readings": 1, "checksum": number} for number in range(KEYS))


def test_a_worker_that_comes_back_in_time_disturbs_nobody(bench: Bench) -> None:
    """Killed and started again within its session it has its task and its standby; the other is not even asked."""
    source, _ = topics(bench, 2)
    lost, other = two_workers(bench, STREAMAPP_STANDBY_REPLICAS="1")
    bench.produce(source, new_readings(1))
    until(lambda: bench.processed("totals") == 2 * NEW, "the first records")
    (own,) = status(bench)["tasks"]
    before = bench.log(other)
    bench.kill(lost)
    back = bench.start("totals", "run", STREAMAPP_STATE_DIR=str(bench.folder / "other"), STREAMAPP_STANDBY_REPLICAS="1")
    bench.produce(source, new_readings(2))
    until(lambda: bench.processed("totals") == 4 * NEW, "the records of both tasks")
    until(lambda: f"task {own['id']} is followed here" in bench.log(back), "the standby that it had")
    assert [task["id"] for task in status(bench)["tasks"]] == [own["id"]]
    assert "totals: restoring" not in bench.log(other)[len(before) :], bench.log(other)
    bench.stop(other)
    bench.stop(back)
    rows = bench.table("totals", "total-per-key")
    assert all(rows[record["key"]] == {"readings": 2, "checksum": 3} for record in new_readings(1))
