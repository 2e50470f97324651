"""The frame of the command line: what it finds, what it says when it does not, and how fast it starts."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from streamapp.cli.importers import IMPORTERS
from streamapp.cli.root import COMMANDS, TOPOLOGY_COMMANDS
from streamapp.dsl.topology import RESERVED

Command = Callable[..., Any]
"""Runs a command line; the result has `code`, `out` and `err`."""

TARGETS = [entry[0] for table in (COMMANDS, TOPOLOGY_COMMANDS, IMPORTERS) for entry in table.values()]


@pytest.mark.parametrize(
    "target", [entry[0] for table in (COMMANDS, TOPOLOGY_COMMANDS, IMPORTERS) for entry in table.values()]
)
def test_every_command_in_the_catalogues_exists(target: str) -> None:
    """A catalogue names modules that are imported late: here all of them are."""
    module, _, attribute = target.partition(":")
    assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)


def test_topologies_may_not_be_called_like_commands() -> None:
    """Every command's name is reserved, so that `streamapp NAME` is never two things."""
    assert {*COMMANDS, *TOPOLOGY_COMMANDS, "checkout"} <= set(RESERVED)


def test_help_lists_commands_and_topologies(project: Path, streamapp: Command) -> None:
    """Both `--help` and nothing at all show what can be typed."""
    for arguments in ([], ["--help"], ["-h"]):
        result = streamapp(*arguments)
        assert result.code == 0
        assert "produce" in result.out
        assert "Topologies of shop:TOPOLOGIES" in result.out
        assert "orders, users → big-orders" in result.out


def test_help_works_where_the_registry_does_not(project: Path, streamapp: Command) -> None:
    """A broken topology is named in the help, which is where one looks then."""
    (project / "shop.py").write_text("1 / 0\n", encoding="utf-8")
    result = streamapp("--help")
    assert result.code == 0
    assert "ZeroDivisionError" in result.out


def test_list(project: Path, streamapp: Command) -> None:
    """`list` names each topology with its topics and tables."""
    assert streamapp("list").out == (
        "TOPOLOGY  READS          WRITES      TABLES\n"
        "billing   orders, users  big-orders  users\n"
        "per-hour  orders         -           orders-per-hour\n"
    )
    rows = json.loads(streamapp("list", "--json").out)
    assert rows[1] == {"name": "per-hour", "reads": ["orders"], "writes": [], "tables": ["orders-per-hour"]}


def test_describe(project: Path, streamapp: Command) -> None:
    """`TOPOLOGY describe` prints Kafka's layout and nothing else."""
    result = streamapp("billing", "describe")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Topologies:\n   Sub-topology: 0\n    Source: ")
    assert result.out.endswith("\n")


def test_options_may_stand_before_and_behind_the_command(project: Path, streamapp: Command) -> None:
    """The registry can be named on the command line, which wins over the variable."""
    (project / "other.py").write_text("TOPOLOGIES = ()\n", encoding="utf-8")
    assert streamapp("--topologies", "other:TOPOLOGIES", "list", "--json").out == "[]\n"
    result = streamapp("--bootstrap-servers", "nowhere", "topics", "list")
    assert result.code == 2
    assert result.err.startswith("error: setting bootstrap_servers is 'nowhere' (option --bootstrap-servers)")
    assert streamapp("topics", "list", "--bootstrap-servers", "nowhere").err == result.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("biling run", "there is no topology or command 'biling': did you mean 'billing'?"),
        ("prodcue t", "there is no topology or command 'prodcue': did you mean 'produce'?"),
        ("xyzzy", "there is no topology or command 'xyzzy': there is worker, list,"),
        ("billing rnu", "'streamapp billing' has no command 'rnu': did you mean 'run'?"),
        ("topics crate x", "'streamapp topics' has no command 'crate': did you mean 'create'?"),
        (
            "import online-retial x",
            "'streamapp import' has no command 'online-retial': did you mean 'online-retail'?",
        ),
        ("list --jsno", "No such option: --jsno"),
        ("consume", "Missing argument 'TOPIC'. (see 'streamapp consume --help')"),
        ("consume t --max 0", "Invalid value for '--max'"),
        ("worker --guarantee exactly-once", "Invalid value for '--guarantee'"),
        ("topics create", "name the topics to create, or give --all"),
        ("topics create t --config retention.ms", "--config is 'retention.ms': expected KEY=VALUE"),
        ("per-hour table orders-per-hour --columns key", "--columns is for CSV: add --format csv"),
        ("import online-retail gone.csv", "Invalid value for 'FILE'"),
    ],
)
def test_wrong_use_says_what_to_type(project: Path, streamapp: Command, arguments: str, text: str) -> None:
    """One line on stderr, exit code 2, no traceback."""
    result = streamapp(*arguments.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")
    assert text in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("billing table user", "topology 'billing' has no table 'user': did you mean 'users'?"),
        ("worker biling", "there is no topology 'biling': did you mean 'billing'?"),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(
    project: Path, streamapp: Command, arguments: str, text: str
) -> None:
    """Exit code 3."""
    result = streamapp(*arguments.split())
    assert (result.code, result.err) == (3, f"error: {text}\n")


def test_a_service_of_the_registry_is_a_command(
    project: Path, streamapp: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its help is that of the service; without a registry of services there is none."""
    assert "did you mean" not in streamapp("till").out
    assert streamapp("till").code == 2
    text = "from streamapp.service import Service\ndef build(publisher):\n    'Take money.'\n"
    (project / "doors.py").write_text(f"{text}SERVICES = {{'till': Service('till', build)}}\n", encoding="utf-8")
    monkeypatch.setenv("STREAMAPP_SERVICES", "doors:SERVICES")
    assert "Take money." in streamapp("till", "--help").out
    assert "Services of doors:SERVICES" in streamapp("--help").out


def test_no_cluster_names_the_ways_to_give_one(
    project: Path, streamapp: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens at the address: exit code 5, naming it."""
    result = streamapp("topics", "list", "--bootstrap-servers", "127.0.0.1:1")
    assert result.code == 5
    assert "127.0.0.1:1" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("arguments", ["list", "billing describe", "--help", "worker --help", "billing run --help"])
def test_commands_that_need_no_kafka_load_none(project: Path, arguments: str) -> None:
    """They load neither Faust, aiokafka, RocksDB nor aiohttp, and so start in a fraction of a second."""
    code = (
        "import sys\nfrom streamapp.cli import run\n"
        f"code = run({arguments.split()!r})\n"
        "heavy = {'faust', 'mode', 'aiokafka', 'rocksdict', 'aiohttp'} & set(sys.modules)\n"
        "sys.exit(code or f'loaded: {heavy}' * bool(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_list_starts_fast(project: Path) -> None:
    """The best of a few starts takes well under half a second of the processor; typically 0.15 s more than Python."""
    taken = []
    for _ in range(4):
        began = os.times()
        subprocess.run([sys.executable, "-m", "streamapp", "list"], check=True, capture_output=True)
        ended = os.times()
        taken.append(ended.children_user - began.children_user + ended.children_system - began.children_system)
    assert 0 < min(taken) < 0.4


def test_ctrl_c_ends_with_130(project: Path, streamapp: Command) -> None:
    """An interrupted command says nothing and ends as one."""
    (project / "shop.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    assert streamapp("list").code == 130


def test_a_reader_that_leaves_is_no_error(project: Path) -> None:
    """`streamapp list | head` prints no traceback."""
    code = (
        "import os, sys\nr, w = os.pipe()\nos.dup2(w, 1)\nos.close(r)\n"
        "from streamapp.cli import main\nsys.argv[1:] = ['list']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")
