"""A wrong operator makes cases fail, and what is printed shows where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamapp.dsl.node import Aggregate, Filter, Node
from streamapp.dsl.nodes_stream import Merge
from streamapp.dsl.nodes_table import TableJoin
from streamapp.engine.operator import Context, Forward, Operator
from streamapp.engine.operators import OPERATORS
from streamapp.testing.conformance.command import main

CASES = Path(__file__).parent / "cases.json"

Plant = Callable[[Forward], Forward]
"""Puts an error between an operator and the steps behind it."""


def a_millisecond_late(forward: Forward) -> Forward:
    """Results bear a wrong time."""
    return lambda *record: forward(*record[:-2], record[-2] + 1, record[-1])


def twice(forward: Forward) -> Forward:
    """Results come twice."""

    def both(*record: Any) -> None:
        forward(*record)
        forward(*record)

    return both


def never_null(forward: Forward) -> Forward:
    """Deletions get lost."""

    def without(*record: Any) -> None:
        if record[1] is not None:
            forward(*record)

    return without


def planted(operator: Operator, plant: Plant) -> Operator:
    """The operator with an error behind it."""

    def build(node: Any, context: Context, forward: Forward) -> tuple[Forward, ...]:
        return operator.build(node, context, plant(forward))

    return Operator(
        build,
        operator.stores,
        operator.view,
        operator.as_of,
        takes_null_keys=operator.takes_null_keys,
        joins=operator.joins,
    )


@pytest.mark.parametrize(
    ("kind", "plant", "failing"),
    [
        (Aggregate, a_millisecond_late, "tumbling/late-and-boundary"),
        (Merge, twice, "stateless/branches-and-merge"),
        (TableJoin, never_null, "table-table/outer"),
    ],
)
def test_a_planted_error_fails(
    kind: type[Node],
    plant: Plant,
    failing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Exit code 1; the case is named, with its topology, its input and the records that differ."""
    monkeypatch.setitem(OPERATORS, kind, planted(OPERATORS[kind], plant))
    assert main([str(CASES), "--actual", str(tmp_path / "out.json")]) == 1
    printed = capsys.readouterr().out
    report = printed[printed.index(f"FAIL {failing} [ordered]") :].partition("\nFAIL ")[0]
    assert "outputs: " in report
    assert "  > input " in report
    assert "\n  - " in report or "\n  + " in report


def test_a_filter_the_wrong_way_round_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator that does the opposite is found even by one case."""
    text = """{"cases": [{"id": "f", "topology": {"nodes": [
        {"name": "s", "op": "stream", "topic": "T", "key_type": "string", "value_type": "int"},
        {"name": "f", "op": "filter", "in": "s", "fn": "value_even"}], "outputs": ["f"]},
        "inputs": [{"topic": "T", "key": "a", "value": 1, "ts": 0}, {"topic": "T", "key": "a", "value": 2, "ts": 1}],
        "expected": [{"after": 1, "key": "a", "value": 2, "ts": 1}]}]}"""
    (tmp_path / "cases.json").write_text(text, encoding="utf-8")
    arguments = [str(tmp_path / "cases.json"), "--actual", str(tmp_path / "out.json")]
    assert main(arguments) == 0

    def build(node: Filter, context: Context, forward: Forward) -> tuple[Forward]:
        predicate = node.predicate.call
        return (lambda *record: None if predicate(*record[:2]) else forward(*record),)

    monkeypatch.setitem(OPERATORS, Filter, Operator(build))
    assert main(arguments) == 1
