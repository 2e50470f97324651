"""What a topology may say beyond its steps, in the real worker: of its state, its start, silence and async calls."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamapp.kafka import Admin
from tests.integration.worker.conftest import Bench, opened, until


@pytest.fixture
def bench(broker: str, tmp_path: Path) -> Iterator[Bench]:
    """A bench for these topologies, with their topic."""
    with opened(broker, tmp_path, "tests.integration.worker.store_pipelines:TOPOLOGIES") as made:
        made.topic(f"readings-{made.prefix}", 2)
        yield made


def produce(bench: Bench, keys: Iterable[str], timestamp: int = 1_000) -> None:
    """One reading for each key."""
    bench.produce(f"readings-{bench.prefix}", [{"key": key, "value": "x", "timestamp": timestamp} for key in keys])


def to_the_end(bench: Bench, topology: str, config: str = "") -> None:
    """Runs a topology over all there is; internal topics are made with `config`."""
    bench.run("worker", topology, "--until-end", STREAMAPP_INTERNAL_TOPIC_CONFIG=config)


def described(bench: Bench, *topics: str) -> dict[str, dict[str, str]]:
    """The options of those topics of the application that exist."""

    async def ask() -> dict[str, Any]:
        async with await Admin.connect(bench.environment["STREAMAPP_BOOTSTRAP_SERVERS"], fail_fast=True) as admin:
            return dict(await admin.describe(f"{bench.prefix}-{topic}" for topic in topics))

    return {topic.removeprefix(f"{bench.prefix}-"): info.config for topic, info in asyncio.run(ask()).items()}


def test_a_store_in_memory_comes_from_its_changelog(bench: Bench) -> None:
    """Each run counts on where the one before ended, with the state folder or without."""
    produce(bench, "abc")
    to_the_end(bench, "memory")
    produce(bench, "ab")
    to_the_end(bench, "memory")
    shutil.rmtree(bench.folder / "state")
    produce(bench, "a")
    to_the_end(bench, "memory")
    assert bench.table("memory", "in-memory") == {"a": 3, "b": 2, "c": 1}


def test_internal_topics_are_made_with_options(bench: Bench) -> None:
    """Those of a setting for all, those of a store for its changelog, and the usual ones beside them."""
    produce(bench, "a")
    to_the_end(bench, "memory", "segment.bytes=2097152,min.insync.replicas=1")
    found = described(bench, "memory-in-memory-changelog", "memory-dead-letters")
    options = ("segment.bytes", "min.insync.replicas", "cleanup.policy")
    assert {topic: [config[option] for option in options] for topic, config in found.items()} == {
        "memory-in-memory-changelog": ["1048576", "1", "compact"],
        "memory-dead-letters": ["2097152", "1", "delete"],
    }


def test_a_store_without_a_changelog_is_what_the_folder_has(bench: Bench) -> None:
    """It goes on over a restart, and begins anew without the folder; its rows are in no topic."""
    produce(bench, "aab")
    to_the_end(bench, "lossy")
    produce(bench, "a")
    worker = bench.start("worker", "lossy")
    assert described(bench, "lossy-lossy-count-changelog", "lossy-dead-letters").keys() == {"lossy-dead-letters"}
    wait_for(bench, "lossy", 4)
    assert bench.table("lossy", "lossy-count") == {"a": 3, "b": 1}
    bench.stop(worker)
    assert "only a worker that runs has its rows" in bench.run("lossy", "table", "lossy-count", expect=3)
    shutil.rmtree(bench.folder / "state")
    produce(bench, "b")
    worker = bench.start("worker", "lossy")
    wait_for(bench, "lossy", 5)
    assert bench.table("lossy", "lossy-count") == {"b": 1}


def wait_for(bench: Bench, topology: str, records: int) -> None:
    """Returns when the group has committed so many records."""
    until(lambda: bench.processed(topology) >= records, f"{topology} has processed {records} records")


def test_a_group_may_begin_at_the_end(bench: Bench) -> None:
    """What was there is not read; what comes while it does not run is, for it has committed where it began."""
    produce(bench, "aab")
    to_the_end(bench, "newest")
    assert bench.table("newest", "newest-count") == {}
    produce(bench, "ac")
    to_the_end(bench, "newest")
    assert bench.table("newest", "newest-count") == {"a": 1, "c": 1}


def test_a_group_may_refuse_to_begin(bench: Bench) -> None:
    """It names the topic and what can be done."""
    produce(bench, "a")
    said = bench.run("worker", "cautious", "--until-end", expect=4)
    assert f"no committed offset of topic 'readings-{bench.prefix}' partition 0" in said
    assert "reset='earliest' or 'latest'" in said


def test_rows_that_went_stay_gone(bench: Bench) -> None:
    """From the disk, and from the changelog, which says so; what says which row goes next comes back, too."""
    keys = [f"key-{number}" for number in range(10)]
    produce(bench, keys, timestamp=1_000)
    to_the_end(bench, "mortal")
    places = {record["key"]: record["partition"] for record in bench.consume(f"readings-{bench.prefix}")}
    first, others = keys[0], {key for key in keys[1:] if places[key] == places[keys[0]]}
    assert others
    shutil.rmtree(bench.folder / "state")
    produce(bench, [first], timestamp=3_000)
    to_the_end(bench, "mortal")
    assert bench.table("mortal", "mortal-count") == dict.fromkeys(set(keys) - others, 1)
    changelog = bench.consume(f"{bench.prefix}-mortal-mortal-count-changelog")
    assert {record["key"] for record in changelog if record["value"] is None} == others
    shutil.rmtree(bench.folder / "state")
    to_the_end(bench, "mortal")
    assert bench.table("mortal", "mortal-count") == dict.fromkeys(set(keys) - others, 1)


def test_a_window_closes_in_silence(bench: Bench) -> None:
    """Nothing comes after the last record; time goes on, is committed, and the result is there once."""
    bench.topic(f"totals-{bench.prefix}", 1)
    produce(bench, ["a", "a"], timestamp=1_000)
    worker = bench.start("worker", "quiet")
    until(lambda: bool(bench.consume(f"totals-{bench.prefix}")), "the window closes")
    bench.stop(worker)
    worker = bench.start("worker", "quiet")
    produce(bench, ["a"], timestamp=1_001)  # late
    wait_for(bench, "quiet", 3)
    bench.stop(worker)
    assert [record["value"] for record in bench.consume(f"totals-{bench.prefix}")] == ["2"]


def test_records_wait_for_their_answers(bench: Bench) -> None:
    """Killed while calls are under way, it asks again: each record counts once; what is refused is put aside."""
    keys = [f"key-{number % 20}" for number in range(400)]
    bench.produce(
        f"readings-{bench.prefix}",
        [{"key": key, "value": "refused" if at == 7 else "x", "timestamp": 1_000} for at, key in enumerate(keys)],
    )
    worker = bench.start("worker", "asking")
    until(lambda: bench.processed("asking") > 0, "something is committed", pause=0.02)
    bench.kill(worker)
    assert bench.processed("asking") < len(keys)
    to_the_end(bench, "asking")
    expected = {f"key-{number}": 20 for number in range(20)} | {"key-7": 19}
    assert bench.table("asking", "asked-count") == expected
    assert len(bench.consume(f"{bench.prefix}-asking-dead-letters")) == 1
