"""What the further measurements are held against."""

from __future__ import annotations

import pytest

from bench.costs import series
from bench.further import NAMES, verdicts
from bench.workloads import WORKLOADS


def latency(system: str, guarantee: str | None, p50: float, p99: float, cores: float = 0.3) -> dict[str, object]:
    """A row of a round."""
    row = {"measure": "latency", "system": system, "guarantee": guarantee, "p50_ms": p50, "p99_ms": p99, "cores": cores}
    return {name: value for name, value in row.items() if system != "floor" or name != "cores"}


def test_latency_is_held_against_kafka_streams_and_the_floor() -> None:
    """The middle of the rounds counts."""
    rows = [latency("streamapp", "exactly_once", 50, p99) for p99 in (90, 110, 300)]
    rows += [latency("kafka-streams", "exactly_once", 60, 110), latency("floor", None, 2, 10)]
    rows += [latency("streamapp", "at_least_once", 4, 14), latency("kafka-streams", "at_least_once", 3, 12, 0.6)]
    found = {verdict.goal: verdict for verdict in verdicts(rows)}
    assert found["latency exactly once, p50_ms, of Kafka Streams'"].met
    assert found["latency exactly once, p99_ms, of Kafka Streams'"].found == 1.0
    assert not found["latency exactly once, p99_ms, of Kafka Streams'"].met
    assert found["latency at least once, p50_ms"].met
    assert not found["latency at least once, p99_ms, of the floor's"].met
    assert found["latency at least once, CPU, of Kafka Streams'"].found == 0.5


def test_restore_and_restart_have_goals() -> None:
    """With Kafka Streams as a ratio too."""
    ours = {"measure": "restore", "system": "streamapp", "guarantee": "exactly_once", "rate": 900, "warm_start_s": 2.0}
    theirs = {**ours, "system": "kafka-streams", "guarantee": "at_least_once", "rate": 300}
    assert [verdict.met for verdict in verdicts([ours])] == [False, True]
    assert verdicts([ours, theirs])[2].found == 3.0


def test_answers_have_a_goal_where_one_customer_asks() -> None:
    """The middle of the rounds counts, for each of the requests."""
    rows = [
        {"measure": "checkout", "request": request, "at_once": at_once, "p99_ms": p99}
        for request, at_once, p99 in (
            *(("checkout", 1, p99) for p99 in (20, 50, 300)),
            *(("cancel", 1, p99) for p99 in (20, 51, 300)),
            ("checkout", 8, 500),
        )
    ]
    assert [verdict.met for verdict in verdicts(rows)] == [True, False]


@pytest.mark.parametrize(("rate", "memory", "met"), [(40, 300, [True, True]), (39, 400, [False, False])])
def test_many_keys_may_cost_so_much(rate: int, memory: int, met: list[bool]) -> None:
    """In time and in memory."""
    points = (("1,000", 110, 100), ("10,000", 100, 110), ("10,000,000", rate, memory))
    rows = [{"measure": "keys", "point": name, "rate": speed, "rss_mb": rss} for name, speed, rss in points]
    assert [verdict.met for verdict in verdicts(rows)] == met


def test_every_series_names_workloads_that_there_are() -> None:
    """And can be asked for."""
    for name, points in series(1_000).items():
        assert name.replace(" ", "-") in NAMES
        assert {workload for workload, _, _ in points.values()} <= set(WORKLOADS)
    assert verdicts([]) == []
