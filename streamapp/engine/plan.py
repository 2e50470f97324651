"""Cuts a topology into sub-topologies at its repartition topics, and says what each reads, writes and keeps.

Pure: the same topology gives the same plan everywhere. Knows nothing of clusters, tasks or how operators run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_origin

from streamapp.dsl.node import Node, Repartition, Sink, Source, TableSource, ancestors
from streamapp.dsl.topic import Topic
from streamapp.dsl.windows import Windowed
from streamapp.engine.operators import OPERATORS
from streamapp.engine.partitions import partition_counts
from streamapp.engine.specs import CodecFor, Plan, SinkSpec, SourceSpec, StoreSpec, SubTopology
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from streamapp.dsl.topology import Topology

__all__ = ["Plan", "SinkSpec", "SourceSpec", "StoreSpec", "SubTopology", "partition_counts", "plan"]

_WINDOW_BYTES = 8
"""Bytes of the window's start behind the key (Kafka's TimeWindowedSerializer)."""


def plan(topology: Topology, codec_for: CodecFor) -> Plan:
    """Compiles `topology`; `codec_for` gives the codecs of its types.

    Sub-topologies are numbered by the first source the author made. Raises `TopologyError` for what cannot
    run.
    """
    nodes = tuple(ancestors(tuple(end.node for end in topology.ends)))
    relaxed = _before_null_key_readers(nodes)
    groups = _groups(nodes)
    return Plan(
        topology,
        tuple(
            _subtopology(number, group, nodes, codec_for, relaxed)
            for number, group in enumerate(sorted(groups, key=_first_source))
        ),
    )


def _first_source(group: tuple[Node, ...]) -> int:
    return min(node.created for node in group if _topic_read(node) is not None)


def _topic_read(node: Node) -> Topic[Any, Any] | None:
    return node.topic if isinstance(node, Source | TableSource | Repartition) else None


def _groups(nodes: Iterable[Node]) -> list[tuple[Node, ...]]:
    """Nodes connected otherwise than through a repartition topic.

    A repartition node is in the group that reads it.
    """
    leader: dict[Any, Any] = {}

    def find(item: Any) -> Any:
        while leader.setdefault(item, item) is not item:
            item = leader[item]
        return item

    for node in nodes:
        for parent in () if isinstance(node, Repartition) else node.parents:
            leader[find(parent)] = find(node)
        if (topic := _topic_read(node)) is not None:
            leader[find(topic.name)] = find(node)
    groups: dict[Any, list[Node]] = {}
    for node in nodes:
        groups.setdefault(find(node), []).append(node)
    return [tuple(group) for group in groups.values()]


def _before_null_key_readers(nodes: tuple[Node, ...]) -> set[Node]:
    """The nodes with, somewhere behind them, one to which null keys matter (KIP-962)."""
    relaxed: set[Node] = set()
    for node in reversed(nodes):
        operator = OPERATORS.get(type(node))
        if node in relaxed or (operator is not None and operator.takes_null_keys(node)):
            relaxed.update(node.parents)
    return relaxed


def _subtopology(
    number: int, group: tuple[Node, ...], nodes: tuple[Node, ...], codec_for: CodecFor, relaxed: set[Node]
) -> SubTopology:
    stores = [
        spec.within(number)
        for node in group
        if (operator := OPERATORS.get(type(node))) is not None
        for spec in operator.stores(node, codec_for)
    ]
    sinks = [
        _sink(node, codec_for, node in relaxed)
        for node in nodes
        if isinstance(node, Sink | Repartition) and node.parents[0] in group
    ]
    return SubTopology(
        number=number,
        sources=_sources(group, codec_for),
        sinks=tuple(sinks),
        stores=tuple(stores),
        nodes=group,
        copartitioned=_copartitioned(group),
    )


def _sources(group: tuple[Node, ...], codec_for: CodecFor) -> tuple[SourceSpec, ...]:
    """One for each topic, in the order of first use."""
    readers: dict[str, list[tuple[Node, Topic[Any, Any]]]] = {}
    for node in group:
        if (topic := _topic_read(node)) is not None:
            readers.setdefault(topic.name, []).append((node, topic))
    specs = []
    for name, found in readers.items():
        first, topic = found[0]
        if any(other != topic for _, other in found):
            raise TopologyError(
                f"topic {name!r} is read with different types or formats: use one Topic value everywhere"
            )
        specs.append(
            SourceSpec(
                topic=name,
                internal=isinstance(first, Repartition),
                key=codec_for(topic.key, topic.key_format),
                value=codec_for(topic.value, topic.format),
                nodes=tuple(node for node, _ in found),
            )
        )
    return tuple(specs)


def _sink(node: Sink | Repartition, codec_for: CodecFor, null_keys: bool) -> SinkSpec:
    topic, internal = node.topic, isinstance(node, Repartition)
    return SinkSpec(
        topic=topic.name,
        internal=internal,
        key=codec_for(topic.key, topic.key_format),
        value=codec_for(topic.value, topic.format),
        node=node,
        partition_bytes=_without_window if _is_windowed(topic.key) else None,
        null_keys=null_keys or not internal,
    )


def _is_windowed(type_: Any) -> bool:
    return type_ is Windowed or get_origin(type_) is Windowed


def _without_window(key: bytes) -> bytes:
    """The bytes of the key inside a windowed key: all windows of a key go to one partition."""
    return key[:-_WINDOW_BYTES]


def _copartitioned(group: tuple[Node, ...]) -> tuple[frozenset[str], ...]:
    """The sets of source topics that joins bring together; sets that share a topic are one."""
    feeding = _topics_feeding(group)
    merged: list[frozenset[str]] = []
    for node in group:
        operator = OPERATORS.get(type(node))
        if operator is None or not operator.joins:
            continue
        topics = frozenset[str]().union(*(feeding[parent] for parent in node.parents))
        apart = [other for other in merged if not other & topics]
        merged = [*apart, topics.union(*(other for other in merged if other & topics))]
    return tuple(merged)


def _topics_feeding(group: tuple[Node, ...]) -> Mapping[Node, frozenset[str]]:
    feeding: dict[Node, frozenset[str]] = {}
    for node in group:
        topic = _topic_read(node)
        if topic is not None:
            feeding[node] = frozenset({topic.name})
        else:
            feeding[node] = frozenset[str]().union(*(feeding[parent] for parent in node.parents))
    return feeding
