"""Which topics each node of a topology reads. Knows nothing of sub-topologies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from streamapp.dsl.node import Node, Repartition, Source, TableSource
from streamapp.dsl.topic import Topic
from streamapp.errors import TopologyError

Reads: TypeAlias = Mapping[Node, tuple[Topic[Any, Any], ...]]
"""The topics of each node that reads any; none yet where no topic matches a pattern."""


def topics_read(topology: str, nodes: Iterable[Node], existing: Collection[str]) -> Reads:
    """What each node reads; patterns match `existing` topics.

    Raises `TopologyError` for a topic that is read by its name and by a pattern, or by two patterns.
    """
    reads: dict[Node, tuple[Topic[Any, Any], ...]] = {}
    readers: dict[str, Node] = {}
    for node in nodes:
        topics = _topics(node, existing)
        if topics is None:
            continue
        reads[node] = topics
        for topic in topics:
            other = readers.setdefault(topic.name, node)
            if other is not node and (_by_pattern(node) or _by_pattern(other)):
                raise TopologyError(
                    f"topology {topology!r}: topic {topic.name!r} is read at {other.place} and at {node.place}, by a "
                    "pattern: let the pattern leave it out, or read it once and use that stream twice"
                )
    return reads


def _topics(node: Node, existing: Collection[str]) -> tuple[Topic[Any, Any], ...] | None:
    if isinstance(node, Source):
        return node.topics if node.pattern is None else node.pattern.topics(existing)
    return (node.topic,) if isinstance(node, TableSource | Repartition) else None


def _by_pattern(node: Node) -> bool:
    return isinstance(node, Source) and node.pattern is not None
