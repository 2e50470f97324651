"""The demo on a real broker: it proves what it says, stops what it started, and leaves alone what it did not start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamapp.kafka.broker.server import Broker
from tests.integration.worker.conftest import ROOT, until

PATIENCE = 150.0
"""Seconds a whole run may take on a busy machine."""


class Run:
    """A demo that runs with its state in `folder`."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("STREAMAPP_")}
        self.folder = folder / "demo"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "topologies.services.demo", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=clean | {"STREAMAPP_STATE_DIR": str(folder)} | environment,
        )

    def says(self, text: str) -> str:
        """Reads its output up to a line with this text, and gives the line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return line
        raise AssertionError(f"it never said {text!r}: {self.process.communicate()[1]}")

    def ends(self) -> tuple[int, dict[str, Any], str]:
        """Its exit code, result and errors."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, json.loads(out.splitlines()[-1]), err

    def left(self) -> list[str]:
        """The commands of processes that work for it, or did."""
        mark = str(self.folder).encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes()
                if mark in words or mark in (entry / "environ").read_bytes():
                    found.append(words.replace(b"\0", b" ").decode())
            except OSError:
                continue  # no process, not ours to see, or it has just ended
        return found


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    """The demos a test starts; none outlives it."""
    made: list[Run] = []
    yield made
    for run in made:
        for number in (signal.SIGTERM, signal.SIGTERM):
            if run.process.poll() is None:
                run.process.send_signal(number)
        run.process.communicate(timeout=PATIENCE)
        Broker(run.folder / "broker").stop()


def test_it_proves_that_every_order_went_all_the_way(tmp_path: Path, runs: list[Run]) -> None:
    """One payment and one e-mail each, dead letters for what was malformed; then nothing of it runs any more.

    While it runs there is something to see where it says; before it ends it shows what the shop can be asked.
    """
    run = Run(tmp_path, "--for", "4")
    runs.append(run)
    table = run.says("a table").split()[-1]
    pages = table.partition("/topologies/")[0]
    until(lambda: len(rows(pages, table)) > 0, "rows in the table")
    assert any("kafka.Kafka" in command for command in run.left())
    for stop in ("order ", "customer ", "features ", "activity ", "sensors "):
        run.says(f"  {stop}")
    assert "order-history" in run.says("  came out ")
    code, result, err = run.ends()
    assert (code, err) == (0, "")
    assert set(result) == {"ok", "orders", "payments", "emails", "dead_letters", "web"}
    assert result["ok"] is True
    assert result["orders"] == result["payments"] == result["emails"] > 0
    assert result["dead_letters"] > 0
    assert result["web"] == pages
    assert run.left() == []


def test_ctrl_c_closes_in_good_order_and_leaves_a_broker_that_ran_before(tmp_path: Path, runs: list[Run]) -> None:
    """What was ordered until then is still paid and written about; a broker it did not start goes on."""
    broker = Broker(tmp_path / "demo" / "broker")
    address = broker.start().bootstrap_servers
    run = Run(tmp_path)
    runs.append(run)
    run.says("the first order was paid and written about")
    run.process.send_signal(signal.SIGINT)
    code, result, err = run.ends()
    assert (code, result["ok"], err) == (0, True, "")
    status = broker.status()
    assert status is not None
    assert status.bootstrap_servers == address
    broker.stop()
    assert run.left() == []


def rows(pages: str, table: str) -> list[Any]:
    """The rows of a table as JSON, whose page can be had as well."""
    path = table.removeprefix(pages)
    with urllib.request.urlopen(table) as page, urllib.request.urlopen(f"{pages}/api/v1{path}") as answer:  # noqa: S310 - our own worker
        assert "revenue-per-hour" in page.read().decode()
        found: list[Any] = json.load(answer)["items"]
        return found


def test_an_end_before_it_is_open_leaves_nothing_behind(tmp_path: Path, runs: list[Run]) -> None:
    """No order, no proof: exit code 1, and what had been started is stopped."""
    run = Run(tmp_path)
    runs.append(run)
    run.says("broker")
    run.process.send_signal(signal.SIGINT)
    code, result, err = run.ends()
    assert (code, result["ok"], result["web"]) == (1, False, None)
    assert err == "error: ended before the shop was open\n"
    assert run.left() == []


def test_a_worker_that_dies_ends_it_with_the_reason(tmp_path: Path, runs: list[Run]) -> None:
    """The shop cannot go on without its worker; it says so, and stops the rest, but not a cluster that it was given."""
    given = Broker(tmp_path / "given")
    try:
        run = Run(tmp_path, STREAMAPP_BOOTSTRAP_SERVERS=given.start().bootstrap_servers)
        runs.append(run)
        run.says("the first order was paid and written about")
        worker = json.loads((run.folder / "demo" / "worker.json").read_text(encoding="utf-8"))
        os.kill(worker["pid"], signal.SIGKILL)
        code, result, err = run.ends()
        assert (code, result["ok"]) == (1, False)
        assert "worker has ended" in err
        assert not (run.folder / "broker").exists(), "a broker of its own was not needed"
        assert given.status() is not None
    finally:
        given.stop()
    assert run.left() == []
