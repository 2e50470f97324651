"""What a topology reads, writes and keeps, as far as commands show it.

Reads the graph of steps. Knows nothing of plans, partitions or a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streamapp.dsl.changes import changes_of
from streamapp.dsl.kept import tables_kept
from streamapp.dsl.node import Node, Sink, Source, TableSource, ancestors
from streamapp.dsl.nodes_stream import ChosenSink
from streamapp.dsl.nodes_table import GlobalTable
from streamapp.dsl.topology import Topology


@dataclass(frozen=True, slots=True)
class Shape:
    """Topics a topology reads and writes, internal ones not among them, and the names of its tables.

    A pattern stands among what is read as the author wrote it.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    tables: tuple[str, ...]
    patterns: frozenset[str] = frozenset()
    """Those of `reads` that are patterns of names."""

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics that are called by name."""
        return _unique(name for name in (*self.reads, *self.writes) if name not in self.patterns)

    @property
    def title(self) -> str:
        """`orders, users → payments`."""
        return f"{', '.join(self.reads)} → {', '.join(self.writes) or ', '.join(self.tables)}"


def shape_of(topology: Topology) -> Shape:
    """What `topology` reads, writes and keeps, each in the order the author wrote it."""
    nodes = list(nodes_of(topology))
    changes = changes_of(nodes)
    return Shape(
        reads=_unique(name for node in nodes for name in _read(node)),
        writes=_unique(name for node in nodes for name in _written(node)),
        tables=_unique(kept.name for node in nodes for kept in tables_kept(node, changes)),
        patterns=frozenset(node.pattern.name for node in nodes if isinstance(node, Source) and node.pattern),
    )


def _read(node: Node) -> tuple[str, ...]:
    """The topics a step reads, or the pattern of their names."""
    if isinstance(node, Source):
        return tuple(topic.name for topic in node.topics) or (node.topic.name,)
    return (node.topic.name,) if isinstance(node, TableSource | GlobalTable) else ()


def _written(node: Node) -> tuple[str, ...]:
    """The topics a step may write to."""
    if isinstance(node, ChosenSink):
        return tuple(topic.name for topic in node.topics)
    return (node.topic.name,) if isinstance(node, Sink) else ()


def nodes_of(topology: Topology) -> Iterator[Node]:
    """Every step, in the order the author made them."""
    return ancestors(tuple(end.node for end in topology.ends))


def table_topics(topologies: Iterable[Topology]) -> set[str]:
    """The topics whose last values are tables, so that compaction loses nothing; of one with a history it would."""
    nodes = [node for topology in topologies for node in nodes_of(topology)]
    histories = {node.topic.name for node in nodes if isinstance(node, TableSource) and node.history is not None}
    return {node.topic.name for node in nodes if isinstance(node, TableSource | GlobalTable)} - histories


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
