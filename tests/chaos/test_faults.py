"""A short form of every fault; `scripts/chaos` runs the long one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from streamapp.kafka.broker.server import Broker
from tests.chaos.__main__ import run_fault
from tests.chaos.faults import FAULTS
from tests.chaos.order import Order
from tests.chaos.workers import ROOT

ONE_NODE = [name for name, fault in FAULTS.items() if fault.in_all and fault.nodes == 1]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ONE_NODE)
def test_nothing_is_lost_or_doubled(name: str, broker: str, tmp_path: Path) -> None:
    """And the fault has happened, in the middle of the work."""
    events, times = FAULTS[name].short
    order = Order(Broker(tmp_path), broker, tmp_path / "scene", seed=1, events=events, times=times)
    outcome = run_fault(FAULTS[name], order)
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
