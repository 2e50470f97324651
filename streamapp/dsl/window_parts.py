"""What Kafka Streams would build from aggregations of streams and from the steps around windows.

`deduplicate` and late records are ours alone; they are shown as processors of their own. Knows nothing of
sub-topologies or layout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from streamapp.dsl.node import Aggregate, Node, Repartition
from streamapp.dsl.nodes_windowed import Cogroup, Deduplicate, Late, Suppress
from streamapp.dsl.part import Part

if TYPE_CHECKING:
    from streamapp.dsl.parts import Parts


def _number_groupings(parts: Parts, node: Node) -> None:
    """Kafka Streams numbers a group's repartition for each aggregate of it, and builds it once."""
    for parent in node.parents:
        for _ in "filter", "sink", "source":
            if isinstance(parent, Repartition) and parent.grouped:
                parts.number()


def _aggregate(parts: Parts, node: Aggregate) -> str:
    _number_groupings(parts, node)
    parts.number()
    return parts.processor(node.store.name, node, (node.store.name,))


def _cogroup(parts: Parts, node: Cogroup) -> str:
    _number_groupings(parts, node)
    name = node.store.name
    adders = []
    for number, parent in enumerate(node.parents):
        parts.number()
        part = Part("Processor", f"{name}-cogroup-agg-{number}", stores=(name,), inputs=(parts.output(parent),))
        adders.append(parts.add(part))
    parts.number()
    return parts.add(Part("Processor", f"{name}-cogroup-merge", inputs=tuple(adders)))


def _suppress(parts: Parts, node: Suppress) -> str:
    return parts.processor(str(node.name), node, (node.store.name,))


def _deduplicate(parts: Parts, node: Deduplicate) -> str:
    parts.number()
    return parts.processor(node.store.name, node, (node.store.name,))


def _late(parts: Parts, node: Late) -> str:
    return parts.processor(parts.generated("KSTREAM-LATE"), node)


WINDOW_PARTS: Mapping[type[Node], Callable[[Parts, Any], str]] = {
    Aggregate: _aggregate,
    Cogroup: _cogroup,
    Suppress: _suppress,
    Deduplicate: _deduplicate,
    Late: _late,
}
