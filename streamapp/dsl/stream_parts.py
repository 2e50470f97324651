"""What Kafka Streams would build from the steps of streams beyond those in `parts`.

Knows nothing of sub-topologies or layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from streamapp.dsl.node import Node
from streamapp.dsl.nodes_stream import (
    Branch,
    ChosenSink,
    FlatMap,
    FlatMapValues,
    ForEach,
    Merge,
    Peek,
    Print,
    Process,
    ProcessAsync,
    Split,
)
from streamapp.dsl.part import Part

if TYPE_CHECKING:
    from streamapp.dsl.parts import Parts


def _step(operator: str) -> Callable[[Parts, Any], str]:
    return lambda parts, node: parts.processor(parts.generated(operator), node)


def _merge(parts: Parts, node: Merge) -> str:
    inputs = tuple(parts.output(parent) for parent in node.parents)
    return parts.add(Part("Processor", parts.generated("KSTREAM-MERGE"), inputs=inputs))


def _branch(parts: Parts, node: Branch) -> str:
    split = node.parents[0]
    numbered = 0 if isinstance(split, Split) and node.number == len(split.predicates) else node.number + 1
    parts.number()
    return parts.processor(f"{parts.output(split)}{numbered}", node)


def _chosen_sink(parts: Parts, node: ChosenSink) -> str:
    name, after = parts.generated("KSTREAM-SINK"), parts.output(node.parents[0])
    return parts.add(Part("Sink", name, topic=node.chooser.where, open=True, inputs=(after,)))


def _process(parts: Parts, node: Process) -> str:
    stores = tuple(sorted(store.name for store in node.stores))
    return parts.processor(str(node.name), node, stores)


STREAM_PARTS: Mapping[type[Node], Callable[[Parts, Any], str]] = {
    FlatMap: _step("KSTREAM-FLATMAP"),
    FlatMapValues: _step("KSTREAM-FLATMAPVALUES"),
    Peek: _step("KSTREAM-PEEK"),
    ProcessAsync: _step("KSTREAM-PROCESSVALUES"),
    ForEach: _step("KSTREAM-FOREACH"),
    Print: _step("KSTREAM-PRINTER"),
    Merge: _merge,
    Split: _step("KSTREAM-BRANCH"),
    Branch: _branch,
    ChosenSink: _chosen_sink,
    Process: _process,
}
