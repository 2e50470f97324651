"""What the worker promises about every record, whatever happens to the process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest

from tests.integration.worker.conftest import ROOT, Bench, until

MINUTE = 60_000
KEYS = 50


def readings(first: int, count: int) -> list[dict[str, Any]]:
    """Records with consecutive sequence numbers, one a second, over KEYS sensors."""
    return [
        {
            "key": f"key-{number % 7}",
            "value": {"sensor": f"sensor-{number % KEYS}", "sequence": number},
            "timestamp": 1_600_000_000_000 + number * 1000,
        }
        for number in range(first, first + count)
    ]


def expected_by(name: str, records: Iterable[dict[str, Any]]) -> dict[Any, Any]:
    """The right answer, counted plainly: per key, or per sensor and minute."""
    answer: dict[Any, dict[str, int]] = {}
    for record in records:
        reading, minute = record["value"], record["timestamp"] - record["timestamp"] % MINUTE
        key = record["key"] if name == "key" else (reading["sensor"], minute)
        total = answer.setdefault(key, {"readings": 0, "checksum": 0})
        total["readings"] += 1
        total["checksum"] += reading["sequence"]
    return answer


def topics(bench: Bench, partitions: int) -> tuple[str, str]:
    """The input and output topics of the pipelines."""
    names = (f"readings-{bench.prefix}", f"totals-{bench.prefix}")
    for name in names:
        bench.topic(name, partitions)
    return names


def has_processed(bench: Bench, wanted: int) -> bool:
    """Whether the topology `totals` has committed so many records."""
    return bench.processed("totals") >= wanted


def last_by_key(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The final value of each key."""
    return {record["key"]: json.loads(record["value"]) for record in records}


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
def test_every_record_counts_once_in_table_and_output(bench: Bench, guarantee: str) -> None:
    """A run to the end leaves tables and topics with the right answer, and nothing behind."""
    source, sink = topics(bench, 4)
    records = readings(0, 2_000)
    bench.produce(source, records)
    bench.run("worker", "totals", "sensors", "--until-end", "--guarantee", guarantee)
    assert bench.table("totals", "total-per-key") == expected_by("key", records)
    assert bench.table("sensors", "total-per-sensor") == expected_by("window", records)
    out = bench.consume(sink)
    assert len(out) == len(records)
    assert last_by_key(out) == expected_by("key", records)
    assert bench.lag("totals") == bench.lag("sensors") == 0


@pytest.mark.parametrize("linger", ["0", "0.2"])
def test_at_least_once_results_are_seen_before_their_commit(bench: Bench, linger: str) -> None:
    """With a commit an hour away, what is not a full batch is sent when it has lingered."""
    source, sink = topics(bench, 1)
    worker = bench.start(
        *("totals", "run", "--guarantee", "at_least_once", "--commit-interval", "3600"), STREAMAPP_LINGER=linger
    )
    bench.produce(source, readings(0, 3))
    until(lambda: len(bench.consume(sink)) == 3, "three results")
    assert bench.processed("totals") == 0, "nothing is committed yet"
    bench.stop(worker)
    assert bench.processed("totals") == 3


def test_a_second_run_goes_on_where_the_first_ended(bench: Bench) -> None:
    """State is resumed from disk, and nothing is processed twice."""
    source, sink = topics(bench, 2)
    bench.produce(source, readings(0, 500))
    bench.run("totals", "run", "--until-end")
    bench.produce(source, readings(500, 500))
    bench.run("totals", "run", "--until-end")
    assert bench.table("totals", "total-per-key") == expected_by("key", readings(0, 1000))
    assert len(bench.consume(sink)) == 1000


def test_state_comes_back_from_the_changelog_when_the_folder_is_lost(bench: Bench) -> None:
    """With the folder deleted, the second run restores and counts on."""
    source, _ = topics(bench, 2)
    bench.produce(source, readings(0, 800))
    bench.run("worker", "totals", "sensors", "--until-end")
    shutil.rmtree(bench.folder / "state")
    bench.produce(source, readings(800, 400))
    bench.run("worker", "totals", "sensors", "--until-end")
    assert bench.table("totals", "total-per-key") == expected_by("key", readings(0, 1200))
    assert bench.table("sensors", "total-per-sensor") == expected_by("window", readings(0, 1200))


def test_kills_at_any_moment_lose_and_double_nothing(bench: Bench) -> None:
    """SIGKILL again and again in the middle of the work; tables and committed outputs stay exact."""
    source, sink = topics(bench, 4)
    records = readings(0, 60_000)
    bench.produce(source, records)
    killed_at = []
    for wanted in (5_000, 20_000, 35_000):
        worker = bench.start("worker", "totals", "sensors", "--commit-interval", "0.02", STREAMAPP_SESSION_TIMEOUT="10")
        until(partial(has_processed, bench, wanted), f"{wanted} records", pause=0.0)
        bench.kill(worker)
        killed_at.append(bench.processed("totals"))
    assert killed_at[0] < len(records), "no kill came before the end"
    bench.run("worker", "totals", "sensors", "--until-end")
    assert bench.table("totals", "total-per-key") == expected_by("key", records)
    assert bench.table("sensors", "total-per-sensor") == expected_by("window", records)
    assert len(bench.consume(sink)) == len(records)


@pytest.mark.parametrize("way", ["raise", "drop"])
def test_an_agent_that_fails_now_and_then_loses_and_doubles_nothing(bench: Bench, way: str) -> None:
    """Its work is undone and done again, and the result is exact."""
    source, sink = topics(bench, 2)
    records = readings(0, 40_000)
    bench.produce(source, records)
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.worker.failing_agent", way],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=bench.environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "work since the last commit is undone" in done.stderr
    assert int(done.stdout.split("failed at ")[1].split()[0]) >= 2
    assert bench.table("totals", "total-per-key") == expected_by("key", records)
    assert len(bench.consume(sink)) == len(records)


def test_sigterm_leaves_committed_equal_to_processed(bench: Bench) -> None:
    """A clean stop commits what was done; the outputs match the offsets exactly."""
    source, sink = topics(bench, 4)
    bench.produce(source, readings(0, 20_000))
    worker = bench.start("totals", "run", "--commit-interval", "30")
    until(lambda: "running" in bench.log(worker), "the worker runs")
    bench.stop(worker)
    assert len(bench.consume(sink)) == 20_000 - bench.lag("totals")


def test_poison_goes_to_the_dead_letters_and_the_rest_is_exact(bench: Bench) -> None:
    """What cannot be decoded, and what a function refuses, is kept byte for byte with its reason."""
    source, sink = topics(bench, 2)
    good = readings(0, 200)
    broken = [{"key": "bad", "value": "{not json", "headers": [["origin", "test"]]}]
    refused = [{"key": "key-1", "value": {"sensor": "s", "sequence": -5}}]
    bench.produce(source, [*good[:100], *broken, *refused, *good[100:]])
    bench.run("totals", "run", "--until-end")
    assert bench.table("totals", "total-per-key") == expected_by("key", good)
    assert len(bench.consume(sink)) == 200
    letters = {record["key"]: record for record in bench.consume(f"{bench.prefix}-totals-dead-letters")}
    assert set(letters) == {"bad", "key-1"}
    assert letters["bad"]["value"] == "{not json"
    headers = dict(letters["bad"]["headers"])
    assert headers["origin"] == "test"
    assert headers["__streams.errors.topic"] == source
    assert "DecodeError" in headers["__streams.errors.exception"]
    refusal = dict(letters["key-1"]["headers"])
    assert refusal["__streams.errors.message"] == "sequence -5 is negative"
    assert "in add" in refusal["__streams.errors.stacktrace"]
    assert refusal["__streams.errors.offset"].isdigit()


def test_a_strict_topology_stops_before_the_poison(bench: Bench) -> None:
    """With on_error="fail" nothing after the record is processed, and the error names it."""
    source, _ = topics(bench, 1)
    bench.produce(source, [*readings(0, 50), {"key": "k", "value": {"sensor": "s", "sequence": -1}}])
    error = bench.run("strict", "run", "--until-end", expect=1)
    assert source in error
    assert "offset 50" in error
    assert "sequence -1 is negative" in error


def test_a_table_is_joined_and_restored_from_its_own_topic(bench: Bench) -> None:
    """A table has no changelog: the topic is its log, never read past what was committed."""
    names, named = f"names-{bench.prefix}", f"named-{bench.prefix}"
    bench.topic(names, 2, **{"cleanup.policy": "compact"})
    bench.topic(named, 2)
    source = f"readings-{bench.prefix}"
    bench.topic(source, 2)
    bench.produce(names, [{"key": f"key-{n}", "value": f"name-{n}", "timestamp": 1} for n in range(7)])
    bench.produce(source, readings(0, 100))
    bench.run("naming", "run", "--until-end")
    shutil.rmtree(bench.folder / "state")
    bench.produce(source, readings(100, 100))
    bench.run("naming", "run", "--until-end")
    assert sorted(record["value"] for record in bench.consume(named)) == sorted(f"name-{n % 7}#{n}" for n in range(200))


def test_two_workers_share_the_tasks_and_stay_exact(bench: Bench) -> None:
    """A second worker with a folder of its own joins under load and leaves again."""
    source, sink = topics(bench, 4)
    records = readings(0, 20_000)
    bench.produce(source, records[:10_000])
    first = bench.start("worker", "totals", "sensors")
    second = bench.start("worker", "totals", "sensors", STREAMAPP_STATE_DIR=str(bench.folder / "other"))
    bench.produce(source, records[10_000:])
    until(lambda: bench.lag("totals") == 0 and bench.lag("sensors") == 0, "no lag")
    bench.stop(second)
    bench.stop(first)
    shutil.rmtree(bench.folder / "other")
    bench.run("worker", "totals", "sensors", "--until-end")
    assert bench.table("totals", "total-per-key") == expected_by("key", records)
    assert bench.table("sensors", "total-per-sensor") == expected_by("window", records)
    assert len(bench.consume(sink)) == len(records)
