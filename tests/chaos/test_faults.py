"""A short form of every fault; `scripts/chaos` runs the long one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from streamapp.kafka.broker.server import Broker
from tests.chaos.__main__ import run_fault
from tests.chaos.faults import FAULTS
from tests.chaos.order import Order
from tests.chaos.rows import Outcome
from tests.chaos.workers import ROOT

ONE_NODE = [name for name, fault in FAULTS.items() if fault.in_all and fault.nodes == 1]


AT_ONCE = 2
"""Faults that are done side by side: workers that start, and sessions that run out, are mostly waited for."""


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, broker: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[Outcome]]]:
    """What becomes of each fault whose test was selected, in the order of the tests."""
    nowhere, folder = Broker(tmp_path_factory.mktemp("nowhere")), tmp_path_factory.mktemp("scenes")
    selected = [item.name for item in request.session.items]
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield {
            name: pool.submit(run_fault, FAULTS[name], Order(nowhere, broker, folder / name, 1, *FAULTS[name].short))
            for name in ONE_NODE
            if f"{test_nothing_is_lost_or_doubled.__name__}[{name}]" in selected
        }
    finally:
        pool.shutdown(cancel_futures=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ONE_NODE)
def test_nothing_is_lost_or_doubled(name: str, outcomes: Mapping[str, Future[Outcome]]) -> None:
    """And the fault has happened, in the middle of the work."""
    outcome = outcomes[name].result()
    assert outcome.ok, outcome.why


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_when_brokers_die(tmp_path: Path) -> None:
    """On a cluster of three, each node of it in turn, and all of them."""
    fault = FAULTS["brokers"]
    broker = Broker(tmp_path / "broker")
    try:
        bootstrap = broker.start(nodes=fault.nodes).bootstrap_servers
        outcome = run_fault(fault, Order(broker, bootstrap, tmp_path / "scene", 1, *fault.short))
    finally:
        broker.stop()
    assert outcome.ok, outcome.why


def test_the_command_lists_the_faults() -> None:
    """One line each, its name first."""
    done = subprocess.run([str(ROOT / "scripts/chaos"), "list"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(FAULTS)


def test_a_wrong_name_is_refused() -> None:
    """With exit code 2, before any broker is started."""
    done = subprocess.run(
        [str(ROOT / "scripts/chaos"), "sigkil"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "sigkill" in done.stderr
