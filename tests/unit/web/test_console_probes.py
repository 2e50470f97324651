"""What orchestrators and Prometheus ask."""

from __future__ import annotations

import re

import pytest

from streamapp.web.counters import COUNTERS
from streamapp.web.metrics import exposition
from streamapp.web.rates import Rates
from streamapp.web.status import statuses
from tests.unit.web.conftest import Client, body
from tests.unit.web.memory import MemoryRuntime

LABEL = r'[a-z_]+="(?:[^"\\\n]|\\\\|\\n|\\")*"'
SAMPLE = re.compile(rf"^([a-z_]+)\{{((?:{LABEL})(?:,{LABEL})*)\}} (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$")
"""A line of the text format 0.0.4 as strictly as we write it."""


@pytest.mark.parametrize(
    ("states", "started", "ready"),
    [
        ({}, 503, 503),
        ({"revenue": "running", "enrichment": "running"}, 200, 200),
        ({"revenue": "running", "enrichment": "restoring"}, 503, 503),
        ({"revenue": "running", "enrichment": "starting"}, 503, 503),
        ({"revenue": "failed", "enrichment": "running"}, 200, 503),
        ({"revenue": "stopped", "enrichment": "running"}, 200, 503),
    ],
)
async def test_probes_tell_started_from_ready(
    client: Client, runtime: MemoryRuntime, states: dict[str, str], started: int, ready: int
) -> None:
    """A process that answers is healthy; one topology that fails does not end the others."""
    for name, state in states.items():
        runtime.applications[name].state = state  # type: ignore[assignment]
    if not states:
        runtime.applications = {}
    shown = {name: states.get(name, "starting") for name in ("revenue", "enrichment")}
    for path, status in (("/healthz", 200), ("/startupz", started), ("/readyz", ready)):
        word = "ok" if status == 200 else "unavailable"
        assert await body(client, path, status) == {"status": word, "topologies": shown}


def read(text: str) -> dict[str, dict[str, float]]:
    """Every sample by metric and labels; fails for a line that Prometheus would not read."""
    types: dict[str, str] = {}
    helped = set()
    samples: dict[str, dict[str, float]] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert name not in helped
            assert words.endswith(".")
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types
            assert (kind == "counter") == name.endswith("_total")
            types[name] = kind
            samples[name] = {}
        else:
            found = SAMPLE.match(line)
            assert found, f"not a sample: {line!r}"
            name, labels, value = found.groups()
            assert name == list(types)[-1], "samples of a metric stand together, behind its type"
            assert labels not in samples[name], "a sample appears once"
            samples[name][labels] = float(value)
    assert helped == set(types)
    return samples


async def test_every_line_of_the_metrics_can_be_read(client: Client, runtime: MemoryRuntime) -> None:
    """And has the numbers of the topologies."""
    runtime.applications["revenue"].counts["commit_seconds"] = 0.0000125
    async with client.get("/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        samples = read(await answer.text())
    assert {counter.metric for counter in COUNTERS} <= set(samples)
    assert samples["streamapp_records_in_total"] == {'topology="revenue"': 2300, 'topology="enrichment"': 0}
    assert samples["streamapp_commit_seconds_total"]['topology="revenue"'] == 0.0000125
    assert samples["streamapp_lag_records"] == {
        'topology="revenue",task="0_0"': 7,
        'topology="revenue",task="1_0"': 0,
        'topology="enrichment",task="0_0"': 0,
    }
    assert samples["streamapp_tasks"] == {'topology="revenue"': 2, 'topology="enrichment"': 1}
    assert sum(samples["streamapp_topology_state"].values()) == 2
    assert samples["streamapp_topology_state"]['topology="revenue",state="running"'] == 1


async def test_metrics_are_there_before_the_cluster_is(client: Client, runtime: MemoryRuntime) -> None:
    """With the same names, so that no graph begins with a gap."""
    async with client.get("/metrics") as answer:
        running = read(await answer.text())
    runtime.applications = {}
    async with client.get("/metrics") as answer:
        assert set(read(await answer.text())) == set(running)


def test_labels_are_escaped(runtime: MemoryRuntime) -> None:
    """A name with a quote, a backslash or a line end stays one label."""
    name = 'a"b\\c\nd'
    runtime.plans = {name: runtime.plans["revenue"]}
    samples = read(exposition(statuses(runtime, Rates())))
    assert list(samples["streamapp_tasks"]) == ['topology="a\\"b\\\\c\\nd"']


def test_a_line_that_is_wrong_would_be_found() -> None:
    """The reader above can fail."""
    good = '# HELP a_total A.\n# TYPE a_total counter\na_total{b="c"} 1\n'
    assert read(good) == {"a_total": {'b="c"': 1}}
    for wrong in ('a_total{b="c"} x\n', 'a_total{b="c} 1\n', 'a_total{b="c\nd"} 1\n', 'a_total{b="c"} 1\n', "b 1\n"):
        with pytest.raises(AssertionError):
            read(good + wrong)
