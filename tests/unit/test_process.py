"""Processes are known by id and beginning, so that a recycled id is never signalled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from streamapp.kafka.broker.process import Process

SLEEPS = "import time; print(flush=True); time.sleep(300)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS


def start(program: str) -> subprocess.Popen[bytes]:
    """A Python process that has run the first line of `program`."""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    return child


@pytest.fixture(params=[SLEEPS, STUBBORN], ids=["polite", "stubborn"])
def child(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when it is asked to, and one that has to be killed."""
    with start(request.param) as process:
        yield process
        process.kill()


def test_a_process_is_alive_until_it_has_ended(child: subprocess.Popen[bytes]) -> None:
    """An ended child that nobody waited for is not alive."""
    process = Process.find(child.pid)
    assert process is not None
    before = process.alive
    process.stop(patience=0.2)
    assert (before, process.alive) == (True, False)
    assert Process.find(child.pid) is None


def test_stop_says_whether_it_had_to_kill() -> None:
    """SIGTERM first, then SIGKILL."""
    for program, polite in ((SLEEPS, True), (STUBBORN, False)):
        with start(program) as child:
            process = Process.find(child.pid)
            assert process is not None
            assert process.stop(patience=0.2) is polite


def test_a_recycled_id_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    """A process that began at another time is another process."""
    Process(child.pid, "another boot:1").stop(patience=0.2)
    assert child.poll() is None


def test_no_process_is_found_under_a_free_id() -> None:
    """An id beyond the system's largest names nothing."""
    assert Process.find(2**30) is None
    assert Process.find(os.getpid()) is not None
