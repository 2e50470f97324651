"""What Kafka Streams would build from each step: its sources, processors and sinks, and their names.

A step with a name of the author's bears it (Kafka's `Named.as`); the others are numbered in the order they
were made, and named steps use up their numbers too (KIP-307). Knows nothing of sub-topologies or layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from streamapp.dsl.changes import changes_of
from streamapp.dsl.node import (
    Filter,
    Map,
    MapValues,
    Node,
    Repartition,
    SelectKey,
    Sink,
    Source,
    ToStream,
)
from streamapp.dsl.order import hash_order
from streamapp.dsl.part import Part
from streamapp.dsl.stream_parts import STREAM_PARTS
from streamapp.dsl.table_parts import TABLE_PARTS, table_repartition
from streamapp.dsl.topic import Topic
from streamapp.dsl.window_parts import WINDOW_PARTS


class Parts:
    """The parts of a topology, in the order Kafka Streams would build them."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.list: list[Part] = []
        self.nodes = tuple(nodes)
        self.changes = changes_of(self.nodes)
        self._numbers = 0
        self._outputs: dict[Node, str] = {}
        """The name of the part whose records are those of the node."""
        self._sources: dict[str, str] = {}
        for node in self.nodes:
            self._outputs[node] = _BUILD[type(node)](self, node)

    def number(self) -> int:
        """The next number."""
        self._numbers += 1
        return self._numbers - 1

    def generated(self, operator: str) -> str:
        """The name of a step that has none."""
        return f"{operator}-{self.number():010d}"

    def source(self, name: str, topic: str, *, pattern: bool = False) -> str:
        """Reads a topic, or several; what is read already keeps its first source."""
        if topic not in self._sources:
            self._sources[topic] = name
            self.list.append(Part("Source", name, topic=topic, open=pattern))
        return self._sources[topic]

    def processor(self, name: str, node: Node, stores: tuple[str, ...] = ()) -> str:
        """Does something with the records of the node's first parent."""
        return self.add(Part("Processor", name, stores=stores, inputs=(self._outputs[node.parents[0]],)))

    def sink(self, name: str, topic: Topic[Any, Any], after: str) -> str:
        """Writes to a topic."""
        return self.add(Part("Sink", name, topic=topic.name, inputs=(after,)))

    def add(self, part: Part) -> str:
        """Adds any part; gives its name."""
        self.list.append(part)
        return part.name

    def output(self, node: Node) -> str:
        """The name of the part whose records are those of `node`."""
        return self._outputs[node]


def _stateless(operator: str) -> Callable[[Parts, Any], str]:
    def build(parts: Parts, node: Node) -> str:
        generated = parts.generated(operator)
        return parts.processor(node.name or generated, node)

    return build


def _source(parts: Parts, node: Source) -> str:
    topics = ", ".join(hash_order(topic.name for topic in node.topics))
    return parts.source(parts.generated("KSTREAM-SOURCE"), topics or node.topic.name, pattern=not topics)


def _repartition(parts: Parts, node: Repartition) -> str:
    if node.carries != "record":
        return table_repartition(parts, node, parts.nodes)
    if not node.grouped:
        _number_repartition(parts)
    topic = node.topic.name
    filtered = parts.processor(f"{topic}-filter", node)
    parts.sink(f"{topic}-sink", node.topic, filtered)
    return parts.source(f"{topic}-source", topic)


def _number_repartition(parts: Parts) -> None:
    for _ in ("filter", "sink", "source"):
        parts.number()


def _sink(parts: Parts, node: Sink) -> str:
    return parts.sink(parts.generated("KSTREAM-SINK"), node.topic, parts.output(node.parents[0]))


_BUILD: Mapping[type[Node], Callable[[Parts, Any], str]] = {
    Source: _source,
    **STREAM_PARTS,
    **TABLE_PARTS,
    **WINDOW_PARTS,
    Filter: _stateless("KSTREAM-FILTER"),
    Map: _stateless("KSTREAM-MAP"),
    MapValues: _stateless("KSTREAM-MAPVALUES"),
    SelectKey: _stateless("KSTREAM-KEY-SELECT"),
    Repartition: _repartition,
    ToStream: _stateless("KTABLE-TOSTREAM"),
    Sink: _sink,
}
