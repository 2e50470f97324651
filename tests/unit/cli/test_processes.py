"""Several processes from one command: what becomes of each other when one of them ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streamapp.cli.processes import AGAIN, Processes

CHILD = """
import json, os, pathlib, signal, sys, time
from streamapp.parent import end_with_parent
folder = pathlib.Path(sys.argv[1])
first = os.environ.get("FIRST", "")
print("hello", first or "other", flush=True)
(folder / f"{os.getpid()}").write_text(first)
print(json.dumps({"ready": True, "web": f"http://{first}"}), flush=True)
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), os._exit(int(os.environ.get("CODE", "0")))))
end_with_parent()
"""

PATIENCE = 20.0


def processes(folder: Path, then: str, count: int = 2, **environment: str) -> Processes:
    """Processes that say hello and that they are ready, and `then` do something."""
    return Processes([sys.executable, "-c", CHILD + then, str(folder)], count, environment, {"FIRST": "1"})


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something the processes do."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def started(folder: Path) -> list[int]:
    """The process ids so far."""
    return [int(path.name) for path in folder.iterdir()]


async def test_one_line_says_that_all_are_ready(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the page of the first; other lines are passed on; all end when each has ended with 0."""
    assert await processes(tmp_path, "", count=3).run() == 0
    lines = capfd.readouterr().out.splitlines()
    assert sorted(line for line in lines if "hello" in line) == ["hello 1", "hello other", "hello other"]
    assert [json.loads(line) for line in lines if "ready" in line] == [{"ready": True, "web": "http://1"}]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_reaches_all(number: signal.Signals, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each gets SIGTERM and ends in good order."""
    running = asyncio.create_task(processes(tmp_path, "time.sleep(60)").run())
    await until(lambda: len(started(tmp_path)) == 2)
    await asyncio.sleep(0.2)  # both have set their handlers
    os.kill(os.getpid(), number)
    assert await asyncio.wait_for(running, PATIENCE) == 0
    assert capfd.readouterr().out.count("bye") == 2


async def test_one_that_fails_stops_all_and_gives_its_exit_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It has said why; what the others end with then does not count."""
    then = "sys.exit(4) if first else time.sleep(60)"
    assert await asyncio.wait_for(processes(tmp_path, then, CODE="7").run(), PATIENCE) == 4
    out = capfd.readouterr()
    assert "worker process 1 of 2" in out.err
    assert "ended with 4: all are stopped" in out.err


async def test_one_that_is_killed_is_started_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In the same place: the first has again what only the first has."""
    running = processes(tmp_path, "time.sleep(60)")
    task = asyncio.create_task(running.run())
    await until(lambda: len(started(tmp_path)) == 2)
    (first,) = (path for path in tmp_path.iterdir() if path.read_text())
    os.kill(int(first.name), signal.SIGKILL)
    await until(lambda: len(started(tmp_path)) == 3)
    await asyncio.sleep(0.2)  # its handler is set
    running.stop()
    assert await asyncio.wait_for(task, PATIENCE) == 0
    assert sum(bool(path.read_text()) for path in tmp_path.iterdir()) == 2
    out = capfd.readouterr()
    assert "was killed by SIGKILL: started again" in out.err
    assert out.out.count('"ready"') == 1


async def test_one_that_is_killed_again_and_again_is_given_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The exit code is that of a shell for the signal."""
    then = "os.kill(os.getpid(), signal.SIGKILL) if first else time.sleep(60)"
    assert await asyncio.wait_for(processes(tmp_path, then).run(), PATIENCE) == 128 + signal.SIGKILL
    assert len(started(tmp_path)) == AGAIN + 2
    assert "all are stopped" in capfd.readouterr().err


async def test_processes_end_with_a_command_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL leaves no process behind."""
    program = (
        "import asyncio, sys; from streamapp.cli.processes import Processes; "
        "asyncio.run(Processes([sys.executable, '-c', sys.argv[1], sys.argv[2]], 2, {}, {}).run())"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, CHILD + "time.sleep(60)", str(tmp_path), stdout=asyncio.subprocess.DEVNULL
    )
    await until(lambda: len(started(tmp_path)) == 2)
    parent.kill()
    await parent.wait()
    await until(lambda: not any(_alive(pid) for pid in started(tmp_path)))


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
