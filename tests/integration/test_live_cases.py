"""Conformance cases through the real worker on a real broker, in lock step."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from streamapp.kafka import Admin
from streamapp.testing.conformance.command import main

CASES = Path(__file__).parents[1] / "conformance" / "cases.json"
SHARED = Path(__file__).parents[3] / "shared" / "conformance"
SOURCE = {"name": "s", "op": "stream", "topic": "T", "key_type": "string", "value_type": "string"}


def case(id_: str, *nodes: dict[str, Any], values: list[str], expected: list[dict[str, Any]]) -> dict[str, Any]:
    """A case of one stream and the nodes behind it; its outputs are the last node and then the source."""
    inputs = [{"topic": "T", "key": "k", "value": value, "ts": at} for at, value in enumerate(values)]
    topology = {"nodes": [SOURCE, *nodes], "outputs": [nodes[-1]["name"], "s"]}
    return {"id": id_, "category": "c", "topology": topology, "inputs": inputs, "expected": expected}


def forwarded(after: int, node: str, value: str) -> dict[str, Any]:
    """A record of the case's key."""
    return {"after": after, "node": node, "key": "k", "value": value, "ts": after}


EVEN = {"name": "f", "op": "filter", "in": "s", "fn": "value_even"}
"""Fails for what is no number."""


def live(broker: str, path: Path, out: Path) -> tuple[int, Any]:
    """Runs a file of cases; gives the exit code and what was written."""
    code = main([str(path), "--live", "--bootstrap-servers", broker, "--actual", str(out)])
    return code, json.loads(out.read_bytes())


def written(folder: Path, *cases: dict[str, Any]) -> Path:
    """A file of these cases."""
    path = folder / "cases.json"
    path.write_text(json.dumps({"cases": cases}), encoding="utf-8")
    return path


async def remains(broker: str) -> set[str]:
    """The topics of cases that are on the broker."""
    async with await Admin.connect(broker, fail_fast=True) as admin:
        return {name for name in await admin.list() if name.startswith("conformance-")}


def test_every_own_case_passes(broker: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each operator with its state, and global tables; nothing is left behind on the broker."""
    code, answer = live(broker, CASES, tmp_path / "out.json")
    assert code == 0, capsys.readouterr().out
    assert answer["errors"] == {}
    assert set(answer["actual"]) == {case["id"] for case in json.loads(CASES.read_bytes())["cases"]}
    assert asyncio.run(remains(broker)) == set()


def test_a_topology_that_fails_stops_no_other(broker: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its error names the input; cases that cannot be built, or give something else, fail as they do in memory."""
    records = [forwarded(at, node, value) for at, value in enumerate(("2", "4", "6")) for node in ("f", "s")]
    path = written(
        tmp_path,
        case("good", EVEN, values=["2", "4", "6"], expected=records),
        case("bad", EVEN, values=["2", "x", "4"], expected=[]),
        case("unbuilt", {"name": "m", "op": "magic", "in": "s"}, values=["2"], expected=[]),
        case("wrong", EVEN, values=["2", "4", "6"], expected=records[:-1]),
    )
    code, answer = live(broker, path, tmp_path / "out.json")
    assert code == 1
    assert answer["actual"] == {"good": records, "wrong": records}
    assert set(answer["errors"]) == {"bad", "unbuilt"}
    assert answer["errors"]["bad"].startswith("input 1: ")
    assert "invalid literal for int() with base 10: 'x'" in answer["errors"]["bad"]
    assert "no op is called 'magic'" in answer["errors"]["unbuilt"]
    printed = capsys.readouterr().out
    assert "FAIL wrong" in printed
    assert "FAIL good" not in printed


def test_a_worker_whose_only_topology_fails_is_no_riddle(broker: str, tmp_path: Path) -> None:
    """It ends; the error says why."""
    path = written(tmp_path, case("bad", EVEN, values=["2", "x", "4"], expected=[]))
    code, answer = live(broker, path, tmp_path / "out.json")
    assert (code, answer["actual"]) == (1, {})
    assert answer["errors"]["bad"].startswith("input 1: ")
    assert "invalid literal for int() with base 10: 'x'" in answer["errors"]["bad"]


@pytest.mark.shared
@pytest.mark.parametrize("file", ["kafka-cases.json", "generated.json"])
def test_a_sample_of_kafkas_cases_passes(broker: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A few of each kind; all of them are left to the command."""
    code = main([str(SHARED / file), "--live", "--bootstrap-servers", broker, "--sample", "12", "--seed", "5"])
    assert code == 0, capsys.readouterr().out
