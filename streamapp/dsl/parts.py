"""What Kafka Streams would build from each step: its sources, processors and sinks, and their names.

A step with a name of the author's bears it (Kafka's `Named.as`); the others are numbered in the order they
were made, and named steps use up their numbers too (KIP-307). Knows nothing of sub-topologies or layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamapp.dsl.node import (
    Aggregate,
    Filter,
    Map,
    MapValues,
    Node,
    Repartition,
    SelectKey,
    Sink,
    Source,
    StreamTableJoin,
    TableSource,
    ToStream,
)
from streamapp.dsl.topic import Topic


@dataclass(frozen=True, slots=True)
class Part:
    """One line of Kafka's description: a `Source`, `Processor` or `Sink`."""

    kind: str
    name: str
    topic: str | None = None
    stores: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


class Parts:
    """The parts of a topology, in the order Kafka Streams would build them."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.list: list[Part] = []
        self._numbers = 0
        self._outputs: dict[Node, str] = {}
        """The name of the part whose records are those of the node."""
        self._sources: dict[str, str] = {}
        for node in nodes:
            self._outputs[node] = _BUILD[type(node)](self, node)

    def number(self) -> int:
        """The next number."""
        self._numbers += 1
        return self._numbers - 1

    def generated(self, operator: str) -> str:
        """The name of a step that has none."""
        return f"{operator}-{self.number():010d}"

    def source(self, name: str, topic: str) -> str:
        """Reads a topic; a topic that is read already keeps its first source."""
        if topic not in self._sources:
            self._sources[topic] = name
            self.list.append(Part("Source", name, topic=topic))
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
    return parts.source(parts.generated("KSTREAM-SOURCE"), node.topic.name)


def _table_source(parts: Parts, node: TableSource) -> str:
    for _ in ("source", "processor"):
        parts.number()
    name = node.store.name
    source = parts.source(f"{name}-source", node.topic.name)
    return parts.add(Part("Processor", name, stores=(name,), inputs=(source,)))


def _repartition(parts: Parts, node: Repartition) -> str:
    if not node.grouped:
        _number_repartition(parts)
    topic = node.topic.name
    filtered = parts.processor(f"{topic}-filter", node)
    parts.sink(f"{topic}-sink", node.topic, filtered)
    return parts.source(f"{topic}-source", topic)


def _number_repartition(parts: Parts) -> None:
    for _ in ("filter", "sink", "source"):
        parts.number()


def _aggregate(parts: Parts, node: Aggregate) -> str:
    parent = node.parents[0]
    if isinstance(parent, Repartition) and parent.grouped:
        _number_repartition(parts)  # Kafka Streams does so for each aggregate of a group, and builds it once
    parts.number()
    return parts.processor(node.store.name, node, (node.store.name,))


def _stream_table_join(parts: Parts, node: StreamTableJoin) -> str:
    name = parts.generated("KSTREAM-LEFTJOIN" if node.left else "KSTREAM-JOIN")
    table = node.parents[1]
    return parts.processor(name, node, (_store_of(table),))


def _store_of(table: Node) -> str:
    while not isinstance(table, TableSource | Aggregate):
        table = table.parents[0]
    return table.store.name


def _sink(parts: Parts, node: Sink) -> str:
    return parts.sink(parts.generated("KSTREAM-SINK"), node.topic, parts.output(node.parents[0]))


_BUILD: Mapping[type[Node], Callable[[Parts, Any], str]] = {
    Source: _source,
    TableSource: _table_source,
    Filter: _stateless("KSTREAM-FILTER"),
    Map: _stateless("KSTREAM-MAP"),
    MapValues: _stateless("KSTREAM-MAPVALUES"),
    SelectKey: _stateless("KSTREAM-KEY-SELECT"),
    Repartition: _repartition,
    Aggregate: _aggregate,
    StreamTableJoin: _stream_table_join,
    ToStream: _stateless("KTABLE-TOSTREAM"),
    Sink: _sink,
}
