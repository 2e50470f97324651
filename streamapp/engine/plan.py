"""Cuts a topology into sub-topologies at its repartition topics, and says what each reads, writes and keeps.

Pure: the same topology gives the same plan everywhere. Knows nothing of clusters, tasks or how operators run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streamapp.dsl.changes import Changes, changes_of
from streamapp.dsl.node import Function, Node, Repartition, Reset, Sink, Source, TableSource, ancestors
from streamapp.dsl.nodes_stream import ChosenSink, Process
from streamapp.dsl.nodes_table import GlobalTable
from streamapp.dsl.topic import Topic
from streamapp.engine.carried import codec_of
from streamapp.engine.kept_stores import check_stores, kept_stores, uncached
from streamapp.engine.operators import OPERATORS
from streamapp.engine.partitioning import partitioner_of
from streamapp.engine.partitions import partition_counts
from streamapp.engine.reading import Reads, topics_read
from streamapp.engine.specs import CodecFor, GlobalSpec, Plan, SinkSpec, SourceSpec, StoreSpec, SubTopology
from streamapp.engine.tables import table_of, tables_of
from streamapp.engine.windowed_keys import partition_bytes, with_size
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from streamapp.dsl.topology import Topology

__all__ = ["Plan", "SinkSpec", "SourceSpec", "StoreSpec", "SubTopology", "partition_counts", "plan"]


def plan(topology: Topology, codec_for: CodecFor, existing: Collection[str] = ()) -> Plan:
    """Compiles `topology`; `codec_for` gives the codecs of its types.

    `existing` topics are those that patterns may match. Sub-topologies are numbered by the first source the author
    made. Raises `TopologyError` for what cannot run.
    """
    every = tuple(ancestors(tuple(end.node for end in topology.ends)))
    changes = changes_of(every)
    nodes = tuple(node for node in every if not isinstance(node, GlobalTable))
    relaxed = _before_null_key_readers(nodes)
    reads = topics_read(topology.name, nodes, existing)
    groups = _groups(nodes, reads)
    check_stores(topology, every, codec_for)
    return Plan(
        topology,
        tuple(
            replace(
                _subtopology(topology, number, group, nodes, codec_for, relaxed, changes, reads),
                cache_max_bytes=topology.cache_max_bytes,
                idle_timeout_ms=topology.idle_timeout_ms,
                max_ahead_ms=topology.max_ahead_ms,
                uncached=uncached(topology.stores, nodes),
            )
            for number, group in enumerate(sorted(groups, key=lambda group: _first_source(group, reads)))
        ),
        tuple(_global(node, codec_for) for node in every if isinstance(node, GlobalTable)),
    )


def _global(node: GlobalTable, codec_for: CodecFor) -> GlobalSpec:
    topic = node.topic
    key, value = codec_for(topic.key, topic.key_format), codec_for(topic.value, topic.format)
    store = StoreSpec(node.store.name, "key-value", key, value, log="global", source_topic=topic.name)
    return GlobalSpec(topic.name, key, value, store, table_of(node, node.store, store, codec_for))


def _first_source(group: tuple[Node, ...], reads: Reads) -> int:
    return min(node.created for node in group if node in reads)


def _groups(nodes: Iterable[Node], reads: Reads) -> list[tuple[Node, ...]]:
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
            if isinstance(parent, GlobalTable):
                continue
            leader[find(parent)] = find(node)
        for topic in reads.get(node, ()):
            leader[find(topic.name)] = find(node)
        for store in node.stores if isinstance(node, Process) else ():
            leader[find(store)] = find(node)
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
    topology: Topology,
    number: int,
    group: tuple[Node, ...],
    nodes: tuple[Node, ...],
    codec_for: CodecFor,
    relaxed: set[Node],
    changes: Changes,
    reads: Reads,
) -> SubTopology:
    specs = kept_stores(topology, group, nodes, codec_for, changes)
    stores = {spec.name: spec.within(number) for spec in specs}  # processors may share one
    sinks = [
        _sink(node, topic, codec_for, node in relaxed)
        for node in nodes
        if isinstance(node, Sink | ChosenSink | Repartition) and node.parents[0] in group
        for topic in (node.topics if isinstance(node, ChosenSink) else (node.topic,))
    ]
    return SubTopology(
        number=number,
        sources=_sources(group, codec_for, reads),
        sinks=tuple(sinks),
        stores=tuple(stores.values()),
        nodes=group,
        codec_for=codec_for,
        copartitioned=_copartitioned(group, reads),
        changes=changes,
        tables=tuple(tables_of(group, changes, stores, codec_for)),
    )


def _sources(group: tuple[Node, ...], codec_for: CodecFor, reads: Reads) -> tuple[SourceSpec, ...]:
    """One for each topic, in the order of first use."""
    readers: dict[str, list[tuple[Node, Topic[Any, Any]]]] = {}
    for node in group:
        for topic in reads.get(node, ()):
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
                value=codec_of(first, topic, codec_for),
                nodes=tuple(node for node, _ in found),
                extractor=_extractor(name, [node for node, _ in found]),
                reset=_reset(name, [node for node, _ in found]),
            )
        )
    return tuple(specs)


def _sink(
    node: Sink | ChosenSink | Repartition, topic: Topic[Any, Any], codec_for: CodecFor, null_keys: bool
) -> SinkSpec:
    internal = isinstance(node, Repartition)
    key = codec_for(with_size(topic.key, node.key), topic.key_format)
    value = codec_of(node, topic, codec_for)
    return SinkSpec(
        topic=topic.name,
        internal=internal,
        key=key,
        value=value,
        node=node,
        partitioner=partitioner_of(node, key, value),
        partition_bytes=partition_bytes(topic.key),
        null_keys=null_keys or not isinstance(node, Repartition) or node.carries == "subscription",
    )


def _extractor(topic: str, readers: Sequence[Node]) -> Function | None:
    """The function that gives the topic's records their timestamps, the same for all who read it."""
    given = [reader.extractor if isinstance(reader, Source | TableSource) else None for reader in readers]
    functions = {None if function is None else function.call for function in given}
    if len(functions) > 1:
        raise TopologyError(
            f"topic {topic!r} is read with different timestamps at "
            f"{' and '.join(reader.place for reader in readers)}: read it once, and use that stream for both"
        )
    return given[0]


def _reset(topic: str, readers: Sequence[Node]) -> Reset:
    """Where reading begins without a committed offset, the same for all who read the topic."""
    first, *others = sorted({reader.reset if isinstance(reader, Source) else "earliest" for reader in readers})
    if others:
        raise TopologyError(
            f"topic {topic!r} is read with reset={first!r} and reset={others[0]!r} at "
            f"{' and '.join(reader.place for reader in readers)}: a group has one place in a topic, give both the same"
        )
    return first


def _copartitioned(group: tuple[Node, ...], reads: Reads) -> tuple[frozenset[str], ...]:
    """The sets of source topics that joins bring together; sets that share a topic are one."""
    feeding = _topics_feeding(group, reads)
    merged: list[frozenset[str]] = []
    for node in group:
        operator = OPERATORS.get(type(node))
        if operator is None or not operator.joins:
            continue
        topics = frozenset[str]().union(*(feeding.get(parent, ()) for parent in node.parents))
        apart = [other for other in merged if not other & topics]
        merged = [*apart, topics.union(*(other for other in merged if other & topics))]
    return tuple(merged)


def _topics_feeding(group: tuple[Node, ...], reads: Reads) -> Mapping[Node, frozenset[str]]:
    feeding: dict[Node, frozenset[str]] = {}
    for node in group:
        if node in reads:
            feeding[node] = frozenset(topic.name for topic in reads[node])
        else:
            feeding[node] = frozenset[str]().union(*(feeding.get(parent, ()) for parent in node.parents))
    return feeding
