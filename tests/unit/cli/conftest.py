"""A project of a user, in a folder of its own, and the command line as that user meets it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamapp.cli import run

SHOP = '''
"""A shop with two topologies."""

from streamapp import HOUR, Topic, Topology, stream, table, tumbling

ORDERS = Topic("orders", key=str, value=str)
USERS = Topic("users", key=str, value=str)
BIG = Topic("big-orders", key=str, value=str)


def both(order: str, user: str) -> str:
    return order + user


billing = Topology("billing", stream(ORDERS).join(table(USERS, "users"), both).to(BIG))
counts = stream(ORDERS).group_by_key().windowed_by(tumbling(HOUR)).count("orders-per-hour")
per_hour = Topology("per-hour", counts)
TOPOLOGIES = (billing, per_hour)
'''


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a project whose topologies are in `shop.py`."""
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("STREAMAPP_TOPOLOGIES", "shop:TOPOLOGIES")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.fixture
def streamapp(capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""

    def command(*arguments: str) -> Result:
        capfd.readouterr()
        code = run(arguments)
        printed = capfd.readouterr()
        return Result(code, printed.out, printed.err)

    return command
