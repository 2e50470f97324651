"""Shows how records differ from what was expected, for people. Knows nothing of levels of comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from streamapp.testing.conformance.cases import Case, Record
from streamapp.testing.conformance.compare import identity

_AROUND = 2
"""Equal records shown before and after a difference."""

_MOST = 40
"""Lines shown of one case."""


def difference(case: Case, actual: Sequence[Record]) -> str:
    """The topology, then the records with `-` for what is missing, `+` for what is too much."""
    lines = [f"  {describe(node)}" for node in case.nodes]
    lines += [f"  outputs: {', '.join(case.outputs)}", "", *_changes(case, actual)]
    if len(lines) > len(case.nodes) + _MOST:
        lines = [*lines[: len(case.nodes) + _MOST], "  …"]
    return "\n".join(lines)


def describe(node: Any) -> str:
    """A node of a case on one line."""
    rest = {name: value for name, value in node.items() if name not in ("name", "op")}
    return f"{node['name']}: {node['op']} {json.dumps(rest, ensure_ascii=False)}"


def _changes(case: Case, actual: Sequence[Record]) -> Iterator[str]:
    expected = case.expected or []
    matcher = SequenceMatcher(None, [*map(identity, expected)], [*map(identity, actual)], autojunk=False)
    shown: set[int] = set()
    for group in matcher.get_grouped_opcodes(_AROUND):
        for tag, first, last, first_actual, last_actual in group:
            if tag == "equal":
                yield from (f"    {line(record)}" for record in expected[first:last])
                continue
            causes = {record["after"] for record in (*expected[first:last], *actual[first_actual:last_actual])}
            yield from (f"  > input {at}: {_input(case, at)}" for at in sorted(causes - shown) if at is not None)
            shown |= causes
            yield from (f"  - {line(record)}" for record in expected[first:last])
            yield from (f"  + {line(record)}" for record in actual[first_actual:last_actual])


def _input(case: Case, at: int) -> str:
    if at >= len(case.inputs):
        return "there is none: it came behind the last"
    record = case.inputs[at]
    return f"{record['topic']} {_json(record['key'])} = {_json(record['value'])} @ {record['ts']}"


def line(record: Record) -> str:
    """A record on one line."""
    node = f"{record['node']} " if "node" in record else ""
    return f"[{record['after']}] {node}{_json(record['key'])} = {_json(record['value'])} @ {record['ts']}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
