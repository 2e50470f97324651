"""How the rows of a step are kept, where that is not as usual. Knows nothing of stores or topics themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from streamapp.dsl.node import Node, StoreOptions
from streamapp.dsl.nodes_join import StreamJoin
from streamapp.dsl.nodes_stream import Process
from streamapp.dsl.nodes_table import ForeignKeyJoin, GlobalTable
from streamapp.dsl.place import author_line
from streamapp.errors import TopologyError
from streamapp.topic_config import checked_config


@dataclass(frozen=True, slots=True)
class Materialized:
    """How the state of one step is kept: `Topology("t", end, stores={"counts": Materialized(in_memory=True)})`.

    `in_memory` keeps it in the memory of the worker, and reads it from the changelog whenever a task is opened,
    instead of keeping it in RocksDB. Without `changelog` it has no topic, and is lost with the state folder, or
    with the process where it is in memory. `topic_config` adds options to the changelog when it is made, such as
    `{"min.insync.replicas": "2"}`. A table that is not `cached` passes each of its changes on at once, whatever the
    topology's `cache_max_bytes`. Raises `TopologyError` for options that would lose rows.
    """

    in_memory: bool = False
    changelog: bool = True
    topic_config: Mapping[str, str] | None = field(default=None, hash=False)
    cached: bool = True

    def __post_init__(self) -> None:
        try:
            config = checked_config(dict(self.topic_config or {}))
        except (TypeError, ValueError) as error:
            raise TopologyError(
                f"Materialized at {author_line()}: topic_config={self.topic_config!r}: give {error}"
            ) from None
        if config and not self.changelog:
            raise TopologyError(
                f"Materialized at {author_line()}: topic_config is that of the changelog, and changelog=False says "
                "there is none: leave one out"
            )
        object.__setattr__(self, "topic_config", MappingProxyType(config))


def materialized_of(nodes: Iterable[Node], name: str) -> frozenset[Node]:
    """The nodes that keep the state an author calls `name`: one step may be several nodes."""
    found: set[Node] = set()
    for node in nodes:
        if name in _names(node):
            found.add(node)
            if isinstance(node, ForeignKeyJoin):
                found.add(node.parents[0].parents[0])  # behind the topic of answers, who keeps the subscriptions
    return frozenset(found)


def names_of_state(nodes: Iterable[Node]) -> list[str]:
    """What may be said of: the names of steps that keep state, and of stores attached to processors."""
    return sorted({name for node in nodes for name in _names(node)})


def _names(node: Any) -> tuple[str, ...]:
    if isinstance(node, Process):
        return tuple(store.name for store in node.stores)
    if isinstance(node, GlobalTable) or node.name is None:
        return ()
    keeps = isinstance(node, StreamJoin) or isinstance(getattr(node, "store", None), StoreOptions)
    return (node.name,) if keeps else ()


def check_stores(topology: str, stores: Mapping[str, Materialized], nodes: tuple[Node, ...]) -> None:
    """Raises `TopologyError` for what is not said of the state of a step."""
    known = names_of_state(nodes)
    for name, options in stores.items():
        if not isinstance(options, Materialized):
            raise TopologyError(f"topology {topology!r}: stores={{{name!r}: {options!r}}}: give Materialized(…)")
        if name not in known:
            is_global = any(isinstance(node, GlobalTable) and node.name == name for node in nodes)
            reason = "is a global table, which is always kept in full by each worker" if is_global else "keeps no state"
            raise TopologyError(
                f"topology {topology!r}: stores= names {name!r}, which {reason}: "
                f"{', '.join(known) or 'no step'} may be named"
            )
