"""Fail points: counted, named in one place, passed where the worker's steps are, and free when off."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streamapp.errors import ConfigurationError
from streamapp.worker.failpoints import POINTS, armed

WORKER = Path(__file__).parents[3] / "streamapp" / "worker"


def passed_in_the_worker() -> set[str]:
    """The names that the worker's modules pass."""
    return {
        node.args[0].value
        for path in WORKER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reach"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }


def test_every_place_that_is_listed_is_passed_and_no_other() -> None:
    """A misspelt name would never kill anybody."""
    assert passed_in_the_worker() == set(POINTS)


def test_it_dies_at_the_pass_that_was_named() -> None:
    """Other places do not count, and it happens once."""
    deaths: list[int] = []
    passes: list[str] = []
    reach = armed("flushed:3", lambda: deaths.append(passes.count("flushed")))
    for name in ("fetched", "flushed") * 5:
        passes.append(name)
        reach(name)
    assert deaths == [3]


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_value_every_place_is_passed_by(value: str | None) -> None:
    """Nothing is counted and nobody dies."""
    reach = armed(value, lambda: pytest.fail("died"))
    for name in POINTS:
        reach(name)


@pytest.mark.parametrize("value", ["flushed", "flushed:", "flushed:0", "flushed:-1", "flushed:x", "flush:1", ":1"])
def test_a_wrong_value_is_refused_with_the_command_that_lists_the_names(value: str) -> None:
    """A fail point that never fires would make a test pass for nothing."""
    with pytest.raises(ConfigurationError, match=r"streamapp fail-points"):
        armed(value, lambda: None)


def test_the_process_ends_by_sigkill() -> None:
    """No handler runs, nothing is flushed; the log says why."""
    program = "from streamapp.worker.failpoints import reach; reach('flushed'); reach('flushed'); print('alive')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=os.environ | {"STREAMAPP_FAIL_POINT": "flushed:2"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == ""
    assert done.stderr == "fail point flushed:2 is reached: SIGKILL\n"


def test_the_command_lists_every_name_with_a_line_of_its_own() -> None:
    """The first word of each line is a name."""
    done = subprocess.run(
        [sys.executable, "-m", "streamapp", "fail-points"], capture_output=True, text=True, check=True
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(POINTS)
    assert all(len(line) <= 120 for line in done.stdout.splitlines())
