"""What a topology reads, writes and keeps, as far as commands show it.

Reads the graph of steps. Knows nothing of plans, partitions or a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streamapp.dsl.node import Aggregate, Node, Sink, Source, TableSource, ancestors
from streamapp.dsl.topology import Topology
from streamapp.worker.names import Names


@dataclass(frozen=True, slots=True)
class Shape:
    """Topics a topology reads and writes, internal ones not among them, and the names of its tables."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    tables: tuple[str, ...]

    @property
    def title(self) -> str:
        """`orders, users → payments`."""
        return f"{', '.join(self.reads)} → {', '.join(self.writes) or ', '.join(self.tables)}"


def shape_of(topology: Topology) -> Shape:
    """What `topology` reads, writes and keeps, each in the order the author wrote it."""
    nodes = list(nodes_of(topology))
    return Shape(
        reads=_unique(node.topic.name for node in nodes if isinstance(node, (Source, TableSource))),
        writes=_unique(node.topic.name for node in nodes if isinstance(node, Sink)),
        tables=_unique(node.store.name for node in nodes if isinstance(node, (TableSource, Aggregate))),
    )


def nodes_of(topology: Topology) -> Iterator[Node]:
    """Every step, in the order the author made them."""
    return ancestors(tuple(end.node for end in topology.ends))


def table_topics(topologies: Iterable[Topology]) -> set[str]:
    """The topics that are read as tables."""
    return {node.topic.name for topology in topologies for node in nodes_of(topology) if isinstance(node, TableSource)}


def windowed_topics(topologies: Iterable[Topology], application: str) -> dict[str, int]:
    """The topics whose keys are windowed, with the size of their windows (ms): changelogs and sinks."""
    sizes: dict[str, int] = {}
    for topology in topologies:
        names = Names.of(application, topology.name)
        for node in nodes_of(topology):
            if isinstance(node, Aggregate) and node.windows is not None:
                sizes[names.changelog(node.store.name)] = node.windows.size
            elif isinstance(node, Sink) and (size := _window_size(node)) is not None:
                sizes[node.topic.name] = size
    return sizes


def _window_size(node: Node) -> int | None:
    """The size (ms) of the windows in a step's keys, None where the key was replaced since."""
    while node.parents and not node.key_changed:
        node = node.parents[0]
        if isinstance(node, Aggregate):
            return node.windows.size if node.windows else None
    return None


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
