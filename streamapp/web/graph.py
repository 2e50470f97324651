"""A sub-topology as boxes and arrows: topics, steps, tables, and what flows where.

Reads the nodes of a plan by their fields alone, so that a new kind of step shows without a line here.
Knows nothing of coordinates or SVG.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streamapp.web.box import Box, Kind, step_box


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
        self._tables = {table.node: table for table in subtopology.tables if table.attached is None}
        self._boxes: dict[str, Box] = {}
        self._arrows: dict[tuple[str, str], None] = {}
        self._steps: dict[Any, str] = {}
        """The box of what a node does, where that is not what it gives out."""
        self._exits: dict[Any, str] = {}
        """The box from which what a node gives out flows on."""

    def graph(self) -> Graph:
        for source in self._sub.sources:
            caption = "repartition topic" if source.internal else "topic"
            box = Box(f"from:{source.topic}", "internal" if source.internal else "source", caption, source.topic)
            self._add(box)
            for node in source.nodes:
                self._exits.setdefault(node, box.id)
        sources = set(self._exits)
        self._further_topics()
        sinks = {sink.node for sink in self._sub.sinks}
        for number, node in enumerate(self._sub.nodes):
            if node in sources or node not in sinks:
                self._step(number, node, node in sources)
        for sink in self._sub.sinks:
            self._sink(sink)
        return Graph(self._sub.number, tuple(self._boxes.values()), tuple(self._arrows))

    def _further_topics(self) -> None:
        """A stream of several topics flows on from a box that brings them together."""
        for number, node in enumerate(self._sub.nodes):
            topics = [f"from:{source.topic}" for source in self._sub.sources if node in source.nodes]
            if len(topics) > 1:
                box = Box(f"read:{number}", "step", f"{len(topics)} topics")
                self._add(box, *topics)
                self._exits[node] = box.id

    def _step(self, number: int, node: Any, is_source: bool) -> None:
        entries = [self._exits[node]] if is_source else [self._exit(parent, node) for parent in node.parents]
        if not is_source and entries and type(node).__name__ not in _UNSEEN:
            box = step_box(f"step:{number}", node)
            self._add(box, *entries)
            entries = [box.id]
            self._steps[node] = box.id
        for attached in getattr(node, "stores", ()):
            self._add(Box(f"table:{attached.name}", "table", "store", attached.name), *entries)
        table = self._tables.get(node)
        if table is not None:
            box = Box(f"table:{table.name}", "table", _table_caption(table), table.name)
            self._add(box, *entries)
            entries = [box.id]
        if entries:
            self._exits[node] = entries[0]

    def _exit(self, parent: Any, node: Any) -> str:
        """The box from which `node` gets what `parent` gives out."""
        if type(node).__name__ == "Late":
            return self._steps[parent]
        if parent not in self._exits:  # a global table, of no sub-topology
            topic, table = parent.topic.name, parent.store.name
            self._add(Box(f"from:{topic}", "source", "topic", topic))
            self._add(Box(f"table:{table}", "table", "global table", table), f"from:{topic}")
            self._exits[parent] = f"table:{table}"
        return self._exits[parent]

    def _sink(self, sink: Any) -> None:
        kind: Kind = "internal" if sink.internal else "sink"
        box = Box(f"to:{sink.topic}", kind, "repartition topic" if sink.internal else "topic", sink.topic)
        self._add(box, *(self._exit(parent, sink.node) for parent in sink.node.parents))

    def _add(self, box: Box, *entries: str) -> None:
        self._boxes.setdefault(box.id, box)
        self._arrows.update(((entry, box.id), None) for entry in entries)


_UNSEEN = frozenset({"ToStream", "Split"})
"""Steps that change nothing to be seen: what follows begins where they do."""


def _table_caption(table: Any) -> str:
    return "versioned table" if table.store.kind == "versioned" else "table"
