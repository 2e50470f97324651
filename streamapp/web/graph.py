"""A sub-topology as boxes and arrows: topics, steps, tables, and what flows where.

Reads the nodes of a plan by their fields alone, so that a new kind of step shows without a line here.
Knows nothing of coordinates or SVG.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Any, Literal

from streamapp.web.text import duration

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


@dataclass(frozen=True, slots=True)
class Graph:
    """The picture of one sub-topology; arrows go from an id to an id."""

    number: int
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]


def graph_of(subtopology: Any) -> Graph:
    """Draws `subtopology`, a `streamapp.engine.specs.SubTopology`, as boxes."""
    return _Drawing(subtopology).graph()


class _Drawing:
    def __init__(self, subtopology: Any) -> None:
        self._sub = subtopology
        self._boxes: dict[str, Box] = {}
        self._arrows: dict[tuple[str, str], None] = {}
        self._exits: dict[Any, str] = {}
        """The box from which what a node gives out flows on."""

    def graph(self) -> Graph:
        for source in self._sub.sources:
            caption = "repartition topic" if source.internal else "topic"
            box = Box(f"from:{source.topic}", "internal" if source.internal else "source", caption, source.topic)
            self._add(box)
            self._exits.update((node, box.id) for node in source.nodes)
        sinks = {sink.node for sink in self._sub.sinks}
        for number, node in enumerate(self._sub.nodes):
            if node not in sinks or node in self._exits:
                self._step(number, node)
        for number, sink in enumerate(self._sub.sinks):
            self._sink(number, sink)
        return Graph(self._sub.number, tuple(self._boxes.values()), tuple(self._arrows))

    def _step(self, number: int, node: Any) -> None:
        store = getattr(node, "store", None)
        is_source = node in self._exits
        entries = [self._exits[node]] if is_source else [self._exits[parent] for parent in node.parents]
        if not is_source and type(node).__name__ != "ToStream":
            box = _step_box(f"step:{number}", node)
            self._add(box, *entries)
            entries = [box.id]
        if store is not None:
            table = Box(f"table:{store.name}", "table", "table", store.name)
            self._add(table, *entries)
            entries = [table.id]
        self._exits[node] = entries[0]

    def _sink(self, number: int, sink: Any) -> None:
        kind: Kind = "internal" if sink.internal else "sink"
        box = Box(f"to:{sink.topic}", kind, "repartition topic" if sink.internal else "topic", sink.topic)
        self._add(box, *(self._exits[parent] for parent in sink.node.parents))

    def _add(self, box: Box, *entries: str) -> None:
        self._boxes.setdefault(box.id, box)
        self._arrows.update(((entry, box.id), None) for entry in entries)


def _step_box(box_id: str, node: Any) -> Box:
    function = next(_functions(node), None)
    where = function.where if function is not None else ""
    name, _, place = where.partition(" (")
    if getattr(node, "is_count", False):
        name = where = ""
    if name.endswith("<lambda>"):
        name = f"lambda in {PurePath(place.rpartition(':')[0]).name}" if place else "lambda"
    return Box(box_id, "step", _caption(node), name, where)


def _functions(node: Any) -> Iterator[Any]:
    values = (getattr(node, field.name) for field in fields(node))
    return (value for value in values if hasattr(value, "where") and hasattr(value, "call"))


def _caption(node: Any) -> str:
    """`StreamTableJoin` → `left join`, `MapValues` → `map values`; with its windows where it has some."""
    words = re.findall(r"[A-Z][a-z]*", type(node).__name__)
    caption = " ".join(words).lower()
    if words[-1] == "Join":
        caption = "left join" if getattr(node, "left", False) else "join"
    elif getattr(node, "is_count", False):
        caption = "count"
    elif getattr(node, "negate", False):
        caption = f"{caption} not"
    windows = getattr(node, "windows", None)
    return caption if windows is None else f"{caption} · {duration(windows.size)} windows"
