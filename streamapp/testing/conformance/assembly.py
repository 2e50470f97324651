"""Builds the topology of a case through the public language, node by node.

Each op is a small function of the builder and its node, in a file of its own noun; a new op is one line in the
`OPERATIONS` of such a file. Knows nothing of what ops mean, nor of how a topology runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from streamapp.dsl.node import ancestors
from streamapp.dsl.stream import End, Stream
from streamapp.dsl.table import Table
from streamapp.dsl.topic import Topic
from streamapp.dsl.topology import Ending, Topology
from streamapp.errors import UsageError
from streamapp.testing.conformance import aggregations, joins, sources, steps, tables
from streamapp.testing.conformance.builder import Builder
from streamapp.testing.conformance.cases import Spec
from streamapp.testing.conformance.scalar import scalar

Operation: TypeAlias = Callable[[Builder, Spec], Any]
"""Makes what a node stands for: a stream, a table or a grouping; None when it has registered results itself."""

OPERATIONS: Mapping[str, Operation] = {
    **sources.OPERATIONS,
    **steps.OPERATIONS,
    **tables.OPERATIONS,
    **aggregations.OPERATIONS,
    **joins.OPERATIONS,
}

OUTPUT = "out-"
"""What the topic of an output node is called, before the node's name."""


Sink: TypeAlias = Callable[[str, Stream[Any, Any]], End]
"""Writes somewhere what a node forwards, given the node's name and its stream."""


def topic_of_its_own(output: str, stream: Stream[Any, Any]) -> End:
    """Writes what a node forwards to the topic `out-<node>`."""
    node = stream.node
    return stream.to(Topic(f"{OUTPUT}{output}", node.key, node.value, format=scalar, key_format=scalar))


def assemble(
    nodes: Sequence[Spec],
    outputs: Sequence[str],
    config: Spec = MappingProxyType({}),
    *,
    name: str = "case",
    sink: Sink = topic_of_its_own,
) -> Topology:
    """The topology of a case; `sink` writes what an output node forwards.

    `config` are settings of Kafka Streams that change results.
    Raises `UsageError` for a case that is not one, and `TopologyError` for what the language refuses.
    """
    builder = Builder(config)
    for node in nodes:
        _add(builder, node)
    sinks = [_sink(builder, output, sink) for output in outputs]
    return Topology(name, *sinks, *_loose_ends(builder, sinks, sink), on_error="fail")


def _add(builder: Builder, node: Spec) -> None:
    operation = OPERATIONS.get(node["op"])
    if operation is None:
        raise UsageError(f"node {node['name']!r}: no op is called {node['op']!r}: use one of {sorted(OPERATIONS)}")
    result = operation(builder, node)
    if result is not None:
        builder.built[node["name"]] = result


def _sink(builder: Builder, output: str, sink: Sink) -> End:
    """Writes what a node forwards; made after the whole topology, so it comes last behind its node."""
    built = builder.any(output)
    return sink(output, built.to_stream() if isinstance(built, Table) else built)


def _loose_ends(builder: Builder, sinks: Sequence[End], sink: Sink) -> list[Ending]:
    """What no output is made of: it runs all the same, and others may depend on that."""
    used = set(ancestors(tuple(sink.node for sink in sinks)))
    ends: list[Ending] = []
    for name, built in reversed(builder.built.items()):
        if isinstance(built, Stream | Table) and built.node not in used:
            end = built if isinstance(built, Table) else _sink(builder, name, sink)
            ends.append(end)
            used.update(ancestors((end.node,)))
    return ends[::-1]
