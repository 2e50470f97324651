"""What of a topology's state is a table that its author may look at; all else is its steps' own affair.

This is the one place that decides: indexes, buffers, the records and subscriptions of joins and the ids of
`deduplicate` are not tables, in no command, page or query. Knows nothing of how rows are kept.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.changes import Changes
from streamapp.dsl.node import Aggregate, Node, StoreOptions, TableSource
from streamapp.dsl.nodes_stream import Process
from streamapp.dsl.nodes_table import (
    ForeignKeyJoin,
    GlobalTable,
    TableAggregate,
    TableFilter,
    TableJoin,
    TableMapValues,
    ToTable,
)
from streamapp.dsl.nodes_windowed import Cogroup

Kept: TypeAlias = StoreOptions | AttachedStore[Any]

_TABLES = (
    TableSource,
    ToTable,
    GlobalTable,
    Aggregate,
    Cogroup,
    TableAggregate,
    TableFilter,
    TableMapValues,
    TableJoin,
    ForeignKeyJoin,
)


def tables_kept(node: Node, changes: Changes) -> tuple[Kept, ...]:
    """The tables whose rows a step keeps: none, its own, or the stores attached to a processor."""
    if isinstance(node, Process):
        return node.stores
    if not isinstance(node, _TABLES) or node.store is None or not changes.keeps(node):
        return ()
    return (node.store,)
