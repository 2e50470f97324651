"""Which tables keep their rows, and which tell the old value with each change: by Kafka Streams' rules.

A table that nobody asks for rows is not kept, and old values are looked up only where a step behind needs them.
Results depend on it: a filter that knows old values says nothing of a row that it never passed on, one that does
not deletes it again and again. As in Kafka Streams, each step decides when it is made, by what the steps before it
have asked for until then (`KTableImpl.enableSendingOldValues`, `valueGetterSupplier`). Knows nothing of stores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from streamapp.dsl.node import Node, StreamTableJoin, TableSource
from streamapp.dsl.nodes_stream import Process
from streamapp.dsl.nodes_table import (
    ForeignKeyJoin,
    Subscribe,
    Subscriptions,
    TableFilter,
    TableGroupBy,
    TableJoin,
    TableMapValues,
    ToTable,
)
from streamapp.dsl.nodes_windowed import Suppress

_Kept: TypeAlias = TableSource | ToTable | ForeignKeyJoin
"""Tables that are kept only when a step, or the author, asks for it."""

_View: TypeAlias = TableFilter | TableMapValues
"""Tables whose rows follow from those of the table before, so that they are kept only when they have a name."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What the graph asks of its tables."""

    unkept: frozenset[Node] = frozenset()
    """Tables that have a store's name, and need no store."""
    olds: frozenset[Node] = frozenset()
    """Tables that send the old value with each change."""
    versions: Mapping[Node, Node] = field(default_factory=dict)
    """For each table whose rows have a history, the source that keeps it."""

    def keeps(self, node: Node) -> bool:
        """Whether the node's stores are needed."""
        return node not in self.unkept

    def sends_old(self, node: Node) -> bool:
        """Whether the changes a table gives must have the old value; elsewhere it is None."""
        return node in self.olds


def changes_of(nodes: Iterable[Node]) -> Changes:
    """What `nodes`, all of a topology in the order the author made them, ask of the tables among them."""
    asked = _Asked()
    nodes = tuple(nodes)
    for node in nodes:
        asked.made(node)
    unkept = frozenset(node for node in nodes if isinstance(node, _Kept) and node not in asked.kept)
    return Changes(unkept, frozenset(asked.olds), asked.versions)


class _Asked:
    """What the steps made so far have asked for."""

    def __init__(self) -> None:
        self.kept: set[Node] = set()
        self.olds: set[Node] = set()
        self.versions: dict[Node, Node] = {}

    def made(self, node: Node) -> None:
        """A step is made: it asks the tables before it."""
        if isinstance(node, _Kept) and node.materialized:
            self.kept.add(node)
        source = self._history(node)
        if source is not None:
            self.versions[node] = source
        for parent in _told_of_old(node):
            self.old(parent, force=True)
        if isinstance(node, TableFilter) and self.old(node.parents[0], force=False):
            self.olds.add(node)
        for parent in _looked_up(node):
            self.rows(parent)

    def old(self, node: Node, *, force: bool) -> bool:
        """Asks a table for old values; `force` makes it keep its rows for that. Whether it will send them."""
        if node in self.olds:
            return True
        if isinstance(node, _Kept):
            if not force and node not in self.kept:
                return False
            self.kept.add(node)
        elif isinstance(node, _View) and node.store is None:
            if not self.old(node.parents[0], force=force):
                return False
        elif isinstance(node, TableJoin | Suppress):
            for parent in node.parents:
                self.old(parent, force=True)
        self.olds.add(node)
        return True

    def rows(self, node: Node) -> None:
        """Asks a table for its rows."""
        if isinstance(node, _Kept):
            self.kept.add(node)
        elif isinstance(node, Suppress) or (isinstance(node, _View) and node.store is None):
            self.rows(node.parents[0])

    def _history(self, node: Any) -> Node | None:
        """The source whose versions `node` gives (KIP-914)."""
        if isinstance(node, TableSource):
            return node if node.history is not None else None
        if isinstance(node, _View) and node.store is None:
            return self.versions.get(node.parents[0])
        return None


def _told_of_old(node: Node) -> tuple[Node, ...]:
    """The tables whose old values a step cannot do without."""
    match node:
        case TableGroupBy() | Subscribe() | Suppress():
            return node.parents
        case TableJoin(how="left"):
            return node.parents[:1]
        case TableJoin(how="outer"):
            return node.parents
        case Subscriptions():
            return node.parents[1:]
    return ()


def _looked_up(node: Node) -> tuple[Node, ...]:
    """The tables whose rows a step looks up."""
    match node:
        case TableJoin():
            return node.parents
        case StreamTableJoin() | Subscriptions() | ForeignKeyJoin() | Process():
            return node.parents[1:]
    return ()
