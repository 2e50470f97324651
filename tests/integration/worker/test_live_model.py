"""What only shows while a worker runs: clocks without records, waiting, limits, new topics, global tables, pausing."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from tests.integration.worker import topics
from tests.integration.worker.conftest import PATIENCE, ROOT, Bench, opened, until

AFTER = str(2**63 - 1)
"""What Kafka makes of any time ahead."""

NOW = 1_600_000_000_000


class Live(Bench):
    """A bench with the topics of the live pipelines."""

    def name(self, topic: str) -> str:
        """The topic's full name."""
        return f"live-{topic}-{self.prefix}"

    def make(self, *names: str, **config: str) -> None:
        """Makes topics of one partition."""
        options = {key.replace("_", "."): value for key, value in config.items()}
        asyncio.run(topics.make(self.broker, {self.name(name): (1, options) for name in names}))

    def put(self, topic: str, *values: str | None, key: str | None = "k", time: int = NOW) -> None:
        """Writes records of one key."""
        lines = [(self.name(topic), key and key.encode(), value and value.encode(), time) for value in values]
        asyncio.run(topics.write(self.broker, lines))  # type: ignore[arg-type]  # `and` of texts that are not empty

    def values(self, topic: str) -> list[str]:
        """The values of all that is committed, in their order."""
        name = self.name(topic)
        return [(row[3] or b"").decode() for _, row in asyncio.run(topics.read(self.broker, [name]))[name]]

    def done(self, topology: str, topic: str = "texts") -> int:
        """The offset a topology has committed on a topic."""
        group = f"{self.prefix}-{topology}"
        return asyncio.run(topics.committed(self.broker, group)).get((self.name(topic), 0), 0)

    @property
    def broker(self) -> str:
        """Where Kafka is."""
        return self.environment["STREAMAPP_BOOTSTRAP_SERVERS"]


@pytest.fixture
def live(broker: str, tmp_path: Path) -> Iterator[Live]:
    """A bench, with the gate open and the topic that most pipelines read."""
    with opened(broker, tmp_path, "tests.integration.worker.live_pipelines:TOPOLOGIES") as bench:
        made = Live(bench.environment | {"PIPELINE_GATE": str(tmp_path / "gate")}, bench.folder, bench.prefix)
        made.processes = bench.processes
        made.make("texts", message_timestamp_after_max_ms=AFTER)
        yield made


def test_punctuations_by_the_wall_clock_need_no_records_and_go_on_after_a_restart(live: Live) -> None:
    """Each is committed with what it has changed and sent: no number is missing or there twice."""
    live.make("ticks")
    for wanted in (3, 6):
        worker = live.start("ticking", "run")
        until(lambda wanted=wanted: len(live.values("ticks")) >= wanted, f"{wanted} ticks")  # type: ignore[misc]  # bound
        live.stop(worker)
        shutil.rmtree(live.folder / "state")
    ticks = live.values("ticks")
    assert ticks == [str(number) for number in range(1, len(ticks) + 1)]


def test_a_record_that_is_tried_again_holds_up_nobody_else(live: Live) -> None:
    """What is before it is committed, others go on, SIGTERM ends the wait; a later run goes on with that record."""
    live.make("patient", "easy")
    live.put("texts", "first", "blocked", "last")
    gate = live.folder / "gate"
    gate.touch()
    worker = live.start("worker", "patient", "easy")
    until(lambda: live.done("easy") == 3 and live.done("patient") == 1, "others at the end, this one before the record")
    assert live.values("patient") == ["first"]
    live.stop(worker)
    gate.unlink()
    live.run("patient", "run", "--until-end")
    assert live.values("patient") == ["first", "blocked", "last"]


def test_a_record_is_tried_again_until_it_can_be_processed(live: Live) -> None:
    """The same worker goes on as soon as what it waits for is there."""
    live.make("patient")
    live.put("texts", "blocked", "last")
    gate = live.folder / "gate"
    gate.touch()
    worker = live.start("patient", "run")
    live.put("texts", "more")
    gate.unlink()
    until(lambda: live.done("patient") == 3, "all done")
    live.stop(worker)
    assert live.values("patient") == ["blocked", "last", "more"]


def test_a_result_its_topic_would_refuse_is_a_dead_letter_and_nothing_else_of_the_record_stays(live: Live) -> None:
    """Too large, from too far ahead, or without a key in a compacted topic; the count is without them."""
    live.make("small", max_message_bytes="1000", cleanup_policy="compact")
    live.put("texts", "10", "2000", "900")
    live.put("texts", "20", time=4_000_000_000_000)
    live.put("texts", "30", key=None)
    live.put("texts", "40")
    live.run("limited", "run", "--until-end")
    assert [len(value) for value in live.values("small")] == [10, 900, 40]
    assert live.table("limited", "limited-counts") == {"k": 3}
    letters = f"{live.prefix}-limited-dead-letters"
    told = [dict(row[4]) for _, row in asyncio.run(topics.read(live.broker, [letters]))[letters]]
    assert {headers["__streams.errors.exception"] for headers in told} == {b"streamapp.errors.OutputRefusedError"}
    options = [b"max.message.bytes", b"message.timestamp.after.max.ms", b"compacted"]
    assert all(
        option in (headers["__streams.errors.message"] or b"") for option, headers in zip(options, told, strict=True)
    )


def test_the_record_whose_results_kafka_refuses_is_found_and_put_aside(live: Live) -> None:
    """A row too large for its changelog, and a result too large for a topic whose options have changed meanwhile."""
    group = f"{live.prefix}-hunting"
    changelog = {"max.message.bytes": "1000", "cleanup.policy": "compact", "message.timestamp.after.max.ms": AFTER}
    asyncio.run(topics.make(live.broker, {f"{group}-last-noise-changelog": (1, changelog)}))
    live.make("noise")
    live.put("texts", *map(str, range(1, 20)))
    live.put("texts", "2000", key="large")
    live.put("texts", *map(str, range(20, 30)))
    worker = live.start("hunting", "run")
    until(lambda: live.done("hunting") == 30, "all but one")
    asyncio.run(topics.configure(live.broker, live.name("noise"), "max.message.bytes", "500"))
    live.put("texts", "30", "900", "31")
    until(lambda: live.done("hunting") == 33, "all but one again")
    live.stop(worker)
    assert [len(value) for value in live.values("noise")] == [*range(1, 32)]
    letters = f"{group}-dead-letters"
    found = [row for _, row in asyncio.run(topics.read(live.broker, [letters]))[letters]]
    assert [row[3] for row in found] == [b"2000", b"900"]
    told = [(dict(row[4])["__streams.errors.exception"] or b"").decode() for row in found]
    assert told == [f"streamapp.kafka.errors.{name}" for name in ("RecordTooLargeError", "RecordRefusedError")]


def test_a_global_table_is_complete_before_the_first_record_and_is_kept_up(live: Live) -> None:
    """What is there at the start is found by every record, what comes later by later ones; poison is left out."""
    live.make("rows", cleanup_policy="compact")
    live.make("found")
    live.put("rows", "one", key="a")
    live.put("rows", "two", key="b")
    live.put("texts", "a", "b", "c")
    worker = live.start("looking", "run")
    until(lambda: live.done("looking") == 3, "three done")
    assert live.values("found") == ["a one", "b two"]
    live.put("rows", "three", key="c")

    def is_found() -> bool:
        live.put("texts", "c")
        return "c three" in live.values("found")

    until(is_found, "the new row is found")
    live.kill(worker)
    live.put("rows", "four", key="a")
    live.put("texts", "a")
    live.run("looking", "run", "--until-end")
    assert live.values("found")[-1] == "a four"
    assert "global tables loaded" in live.log(worker)


def test_a_missing_global_topic_is_named(live: Live) -> None:
    """As any other topic that is read."""
    live.make("found")
    error = live.run("looking", "run", "--until-end", expect=4)
    assert f"reads topic '{live.name('rows')}', which does not exist" in error


def test_topics_that_come_later_are_read_when_their_names_match(live: Live) -> None:
    """The topology begins again with them, by itself; the ones it had go on where they were."""
    live.make("grown")
    assert "match 'live-many-" in live.run("growing", "run", "--until-end", expect=4)
    live.make("many-one")
    live.put("many-one", "1", "2")
    worker = live.start("growing", "run", STREAMAPP_METADATA_INTERVAL="0.3")
    live.make("many-two")
    live.put("many-two", "3")
    until(lambda: len(live.values("grown")) == 3, "the new topic's record")
    live.put("many-one", "4")
    until(lambda: len(live.values("grown")) == 4, "the old topic's record")
    live.stop(worker)
    assert sorted(live.values("grown")) == ["1", "2", "3", "4"]


def test_a_topology_can_be_paused_and_resumed_and_its_states_listened_to(live: Live) -> None:
    """While it is paused the others go on, and it keeps its place in the group."""
    live.make("patient", "easy")
    log = (live.folder / "pausing.log").open("w")
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.worker.pausing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        cwd=ROOT,
        env=live.environment,
    )
    live.processes.append(worker)
    assert worker.stdout is not None
    assert worker.stdin is not None
    told = lines_until(worker.stdout, "ready")
    assert "patient: restoring -> running\n" in told
    live.put("texts", "one", "two")
    until(lambda: live.done("easy") == 2, "the other is done")
    assert live.done("patient") == 0
    worker.stdin.write("go on\n")
    worker.stdin.flush()
    until(lambda: live.done("patient") == 2, "it is done too")
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    assert "patient: running -> stopped\n" in worker.stdout.readlines()


def lines_until(stdout: Iterator[str], word: str) -> Collection[str]:
    """The lines up to the first that has a word in it."""
    lines = []
    for line in stdout:
        lines.append(line)
        if word in line:
            break
    return lines
