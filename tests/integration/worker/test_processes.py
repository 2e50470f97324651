"""Several worker processes from one command, on a real broker: they share the work, and end as one."""

from __future__ import annotations

import os
import signal
import socket
from functools import partial
from pathlib import Path

from tests.integration.worker.conftest import Bench, until
from tests.integration.worker.test_guarantees import expected_by, has_processed, readings, topics


def children(pid: int) -> list[int]:
    """The processes that a process has started and that live."""
    found = (task / "children" for task in Path(f"/proc/{pid}/task").iterdir())
    return [int(child) for file in found for child in file.read_text(encoding="ascii").split()]


def test_processes_share_the_work_and_end_with_it(bench: Bench) -> None:
    """`--until-end` ends all when everything is committed, counted once."""
    source, sink = topics(bench, 4)
    records = readings(0, 3_000)
    bench.produce(source, records)
    out = bench.run("worker", "totals", "sensors", "--until-end", "--processes", "2")
    assert out.count('"ready"') == 1
    assert bench.table("totals", "total-per-key") == expected_by("key", records)
    assert bench.table("sensors", "total-per-sensor") == expected_by("window", records)
    assert len(bench.consume(sink)) == len(records)
    slots = (bench.folder / "state" / f"{bench.prefix}-totals").glob("slot-*.lock")
    assert {slot.name for slot in slots} == {"slot-0.lock", "slot-1.lock"}


def test_a_process_that_is_killed_comes_back_and_all_stop_together(bench: Bench) -> None:
    """The page stays at its port; nothing is lost or doubled; SIGTERM ends all with 0, after a last commit."""
    source, sink = topics(bench, 4)
    bench.produce(source, readings(0, 1_000))
    worker = bench.start("totals", "run", "--processes", "2", STREAMAPP_SESSION_TIMEOUT="10")
    until(partial(has_processed, bench, 1_000), "the first records")
    before = children(worker.pid)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    bench.produce(source, readings(1_000, 1_000))
    until(partial(has_processed, bench, 2_000), "the records after the kill")
    until(lambda: len(set(children(worker.pid)) - set(before)) == 1, "another process in place of the killed one")
    assert "was killed by SIGKILL: started again" in bench.log(worker)
    after = children(worker.pid)
    bench.stop(worker)
    assert not any(Path(f"/proc/{pid}").exists() for pid in after)
    assert bench.table("totals", "total-per-key") == expected_by("key", readings(0, 2_000))
    assert len(bench.consume(sink)) == 2_000


def test_a_wrong_setting_is_said_once_with_its_exit_code(bench: Bench) -> None:
    """Before any process is started, where the command itself can see it."""
    error = bench.run("worker", "nobody", "--processes", "2", expect=3)
    assert "there is no topology 'nobody'" in error


def test_a_taken_port_stops_all(bench: Bench) -> None:
    """The first process says so and ends with 4; that is the command's exit code."""
    topics(bench, 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        error = bench.run("totals", "run", "--processes", "2", "--web-port", port, expect=4)
    assert f"web_port {port} is in use" in error
    assert "worker process 1 of 2" in error
