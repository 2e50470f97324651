"""A box of a picture: what stands in it for a topic, a table or a step.

Reads a step by its fields alone, so that a new kind of step shows without a line here. Knows nothing of arrows or
coordinates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Any, Literal

from streamapp.web.text import duration, windows_text

Kind = Literal["source", "sink", "internal", "step", "table"]


@dataclass(frozen=True, slots=True)
class Box:
    """One thing in the picture; `id` is unique in its sub-topology."""

    id: str
    kind: Kind
    caption: str
    """What it is: `topic`, `filter`, `table`."""
    label: str = ""
    """Its name, or that of the author's function."""
    where: str = ""
    """The function and its file and line."""


def step_box(box_id: str, node: Any) -> Box:
    """The box of a step: what it does, and the author's function that does it, else the step's name."""
    ours = getattr(node, "is_count", False) or hasattr(node, "label")
    function = None if ours else next(_functions(node), None)
    where = function.where if function is not None else ""
    name, _, place = where.partition(" (")
    if name.endswith("<lambda>"):
        name = f"lambda in {PurePath(place.rpartition(':')[0]).name}" if place else "lambda"
    if function is None and not getattr(node, "is_count", False):
        name = getattr(node, "label", None) or node.name or ""
    return Box(box_id, "step", caption(node), name, where)


def _functions(node: Any) -> Iterator[Any]:
    """The author's functions of a step; of a branch, that which chooses it."""
    if type(node).__name__ == "Branch":
        yield from node.parents[0].predicates[node.number : node.number + 1]
    for field in fields(node):
        value = getattr(node, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if hasattr(one, "where") and hasattr(one, "call"):
                yield one


_WORDS = {
    "ForeignKeyJoin": "join by foreign key",
    "Late": "late records",
    "StreamGlobalJoin": "join",
    "StreamJoin": "join",
    "StreamTableJoin": "join",
    "TableAggregate": "aggregate",
    "TableFilter": "filter",
    "TableGroupBy": "group by",
    "TableJoin": "join",
    "TableMapValues": "map values",
}
"""What steps do that are not called so."""


def caption(node: Any) -> str:
    """What a step does, and how: `left join`, `map values`, `filter not`, `count · 1 h windows`."""
    kind = type(node).__name__
    words = _WORDS.get(kind) or " ".join(re.findall(r"[A-Z][a-z0-9]*", kind)).lower() or kind
    return f"{_special(node, words)}{_time(node)}"


def _special(node: Any, words: str) -> str:
    how = getattr(node, "how", "left" if getattr(node, "left", None) is True else "inner")
    if "join" in words and how != "inner":
        return f"{how} {words}"
    if getattr(node, "is_count", False):
        return "count"
    if getattr(node, "is_reduce", False):
        return "reduce"
    if getattr(node, "negate", False):
        return f"{words} not"
    if getattr(node, "values_only", False):
        return f"{words} values"
    if type(node).__name__ == "Branch":
        is_default = node.number == len(node.parents[0].predicates)
        return "other records" if is_default else f"branch {node.number + 1}"
    operation: str = getattr(node, "operation", words)
    return operation


def _time(node: Any) -> str:
    """The windows of a step, or how long it waits."""
    windows: Any = getattr(node, "windows", None)
    until: Any = getattr(node, "until", None)
    if hasattr(windows, "before"):
        return f" · {duration(windows.before)} before, {duration(windows.after)} after"
    if windows is not None:
        return f" · {windows_text(windows)}"
    if hasattr(until, "limit"):
        return f" · {duration(until.limit)}"
    if until is not None:
        return " · until windows close"
    within, grace = getattr(node, "within", None), getattr(node, "grace", None)
    if within is not None:
        return f" · within {duration(within)}"
    return "" if grace is None else f" · grace {duration(grace)}"
