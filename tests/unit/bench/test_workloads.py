"""The workloads themselves: their results are checked in the test driver, on the benchmark's own data."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bench.data import Dataset, events, orders, users
from bench.system import parser
from bench.workloads import WORKLOADS
from bench.workloads.topics import Topics
from bench.workloads.values import Count, Event, Order, Payment, User, WindowCount
from streamapp import Topic
from streamapp.dsl.node import Sink
from streamapp.testing.driver import TopologyDriver

BASE = 1_700_000_000_000
N = 400
VALUES = {"events": Event, "users": User, "orders": Order}


def results(workload: str) -> tuple[list[Any], dict[str, int]]:
    """What a workload makes of a small dataset, in the order of time; and how many outputs are promised."""
    outputs: dict[str, int] = {}
    dataset = Dataset("orders" if workload == "W6" else "events", N, keys=20)
    rows = list((orders if workload == "W6" else events)(dataset, BASE, outputs))
    rows += users(Dataset("users", 20), BASE, {})
    types = {**dict.fromkeys(dataset.topics, Event), "users": User}
    if workload == "W6":
        types = dict(zip(dataset.topics, (Order, Payment), strict=True)) | {"users": User}
    topology = WORKLOADS[workload](f"bench-{workload.lower()}", Topics(dataset.topics, "out"))
    with TopologyDriver(topology) as driver:
        for topic, timestamp, key, value in sorted(rows, key=lambda row: row[1]):
            if topic != "users" or workload == "W5":
                decoded = msgspec.json.decode(value, type=types[topic])
                driver.pipe(Topic(topic, key=str, value=types[topic]), key.decode(), decoded, timestamp=timestamp)
        driver.commit()
        (end,) = topology.ends
        assert isinstance(end.node, Sink)
        return [record.value for record in driver.read(end.node.topic)], outputs


@pytest.mark.parametrize("workload", ["W1", "W2", "W3", "W4", "W5", "W6"])
def test_a_workload_gives_as_many_results_as_is_waited_for(workload: str) -> None:
    """The number that ends a drain is right."""
    values, outputs = results(workload)
    assert len(values) == outputs[workload] > 0


@pytest.mark.parametrize("workload", ["W2", "W2c", "W3", "W3c", "W4"])
def test_the_last_counts_add_up_to_all_events(workload: str) -> None:
    """With a record cache there are fewer results, and the same counts in the end."""
    values, _ = results(workload)
    last = {(value.key, getattr(value, "start", 0)): value.count for value in values if _is_count(value)}
    assert sum(last.values()) == N
    if workload.endswith("c"):
        assert len(values) == len(last)


def test_sessions_end_after_a_gap_of_five_minutes() -> None:
    """Every event gives its session, whose count is never more than all."""
    values, _ = results("W7")
    assert len(values) == N
    assert all(_is_count(value) and 0 < value.count < N for value in values)


def _is_count(value: object) -> bool:
    return isinstance(value, Count | WindowCount)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--app-id", "run", "give PREFIX-NAME"),
        ("--guarantee", "twice", "neither exactly_once nor at_least_once"),
        ("--workload", "W9", "invalid choice"),
    ],
)
def test_a_wrong_option_is_named(option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started."""
    given = {"workload": "W1", "bootstrap": "h:1", "input": "i", "output": "o", "app-id": "a-b", "state-dir": "s"}
    words = [word for name, text in given.items() for word in (f"--{name}", text)]
    with pytest.raises(SystemExit):
        parser().parse_args([*words, option, value])
    assert message in capsys.readouterr().err
