"""What Kafka Streams would build from the steps of tables and from joins.

Knows nothing of sub-topologies or layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from streamapp.dsl.node import Node, Repartition, StreamTableJoin, TableSource
from streamapp.dsl.nodes_join import StreamGlobalJoin, StreamJoin
from streamapp.dsl.nodes_table import (
    ForeignKeyJoin,
    GlobalTable,
    Subscribe,
    Subscriptions,
    TableAggregate,
    TableFilter,
    TableGroupBy,
    TableJoin,
    TableMapValues,
    ToTable,
)
from streamapp.dsl.nodes_windowed import Suppress
from streamapp.dsl.order import hash_order
from streamapp.dsl.part import Part

if TYPE_CHECKING:
    from streamapp.dsl.parts import Parts


def stores_of(parts: Parts, table: Node) -> tuple[str, ...]:
    """The stores in which the rows of a table are looked up: its own, or those it follows from."""
    store = getattr(table, "store", None)
    if isinstance(table, Suppress):
        return _ordered((table.store.name, *stores_of(parts, table.parents[0])))
    if store is not None:
        return (store.name,) if parts.changes.keeps(table) else ()
    return _ordered(name for parent in table.parents for name in stores_of(parts, parent))


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(hash_order(dict.fromkeys(names)))


def _burn(parts: Parts, numbers: int) -> None:
    """Uses up the numbers of parts that bear the author's name (KIP-307)."""
    for _ in range(numbers):
        parts.number()


def _table_source(parts: Parts, node: TableSource) -> str:
    _burn(parts, 2 if node.materialized else 3)  # one for the store's name, which is then not the author's
    name = node.store.name
    source = parts.source(f"{name}-source", node.topic.name)
    return parts.add(Part("Processor", name, stores=stores_of(parts, node), inputs=(source,)))


def _to_table(parts: Parts, node: ToTable) -> str:
    _burn(parts, 1 if node.materialized else 2)
    return parts.processor(node.store.name, node, stores_of(parts, node))


def _step(operator: str) -> Callable[[Parts, Any], str]:
    def build(parts: Parts, node: TableFilter | TableMapValues) -> str:
        generated = parts.generated(operator)
        return parts.processor(node.name or generated, node, () if node.store is None else (node.store.name,))

    return build


def _group_by(parts: Parts, node: TableGroupBy) -> str:
    parts.number()
    return parts.processor(str(node.name), node)


def _aggregate(parts: Parts, node: TableAggregate) -> str:
    _burn(parts, 3)
    return parts.processor(node.store.name, node, (node.store.name,))


def table_repartition(parts: Parts, node: Repartition, nodes: Iterable[Node]) -> str:
    """The sink and source of a topic that carries a table's changes, or half a foreign-key join."""
    name = node.name
    if node.carries == "change":
        name = next(child.name for child in nodes if isinstance(child, TableAggregate) and node in child.parents)
    before = parts.output(node.parents[0])
    inputs = (before, _foreign(before)) if node.carries == "response" else (before,)
    parts.add(Part("Sink", f"{name}-sink", topic=node.topic.name, inputs=inputs))
    return parts.source(f"{name}-source", node.topic.name)


def _table_join(parts: Parts, node: TableJoin) -> str:
    merge, this, other = (parts.generated(f"KTABLE-{part}") for part in ("MERGE", "JOINTHIS", "JOINOTHER"))
    if node.name is not None:
        merge, this, other = node.name, f"{node.name}-join-this", f"{node.name}-join-other"
    left, right = node.parents
    for name, parent, looked_up in ((this, left, right), (other, right, left)):
        parts.add(Part("Processor", name, stores=stores_of(parts, looked_up), inputs=(parts.output(parent),)))
    stores = () if node.store is None else (node.store.name,)
    return parts.add(Part("Processor", merge, stores=stores, inputs=(this, other)))


def _subscribe(parts: Parts, node: Subscribe) -> str:
    _burn(parts, 13)  # those of all five steps of the join
    return parts.processor(f"{node.registration}-processor", node)


def _subscriptions(parts: Parts, node: Subscriptions) -> str:
    store = node.store.name
    stem = store.removesuffix("-subscription-store")
    receive = parts.processor(f"{stem}-subscription-receive", node, (store,))
    stores = stores_of(parts, node.parents[1])
    join = parts.add(Part("Processor", f"{stem}-subscription-join-foreign", stores=stores, inputs=(receive,)))
    parts.add(Part("Processor", _foreign(join), stores=(store,), inputs=(parts.output(node.parents[1]),)))
    return join


def _foreign(join: str) -> str:
    """The processor of the right table's changes, beside that of subscriptions."""
    return f"{join.removesuffix('-subscription-join-foreign')}-foreign-join-subscription"


def _foreign_key_join(parts: Parts, node: ForeignKeyJoin) -> str:
    name, left = node.store.name, node.parents[1]
    resolver = parts.processor(f"{name}-subscription-response-resolver", node, stores_of(parts, left))
    return parts.add(Part("Processor", f"{name}-result", stores=stores_of(parts, node), inputs=(resolver,)))


def _stream_join(parts: Parts, node: StreamJoin) -> str:
    _burn(parts, 5)
    name, left, right = node.name, node.left.name, node.right.name
    this_window = parts.processor(f"{name}-this-windowed", node, (left,))
    if node.single_store:
        return parts.add(Part("Processor", f"{name}-merge", stores=(left,), inputs=(this_window,)))
    after = parts.output(node.parents[1])
    other_window = parts.add(Part("Processor", f"{name}-other-windowed", stores=(right,), inputs=(after,)))
    waiting = () if node.unmatched is None else (node.unmatched,)
    this, other = left.removesuffix("-store"), right.removesuffix("-store")
    parts.add(Part("Processor", this, stores=_ordered((right, *waiting)), inputs=(this_window,)))
    parts.add(Part("Processor", other, stores=_ordered((left, *waiting)), inputs=(other_window,)))
    return parts.add(Part("Processor", f"{name}-merge", inputs=(this, other)))


def _stream_table_join(parts: Parts, node: StreamTableJoin) -> str:
    generated = parts.generated("KSTREAM-LEFTJOIN" if node.left else "KSTREAM-JOIN")
    stores = stores_of(parts, node.parents[1])
    if node.store is not None:
        stores = _ordered((*stores, node.store.name))
    return parts.processor(node.name or generated, node, stores)


def _global_table(parts: Parts, node: GlobalTable) -> str:
    _burn(parts, 2)
    name = node.store.name
    source = f"{name}-source"
    parts.add(Part("Source", source, topic=node.topic.name, everywhere=True))
    return parts.add(Part("Processor", name, stores=(name,), inputs=(source,), everywhere=True))


def _global_join(parts: Parts, node: StreamGlobalJoin) -> str:
    return parts.processor(parts.generated("KSTREAM-LEFTJOIN"), node)


TABLE_PARTS: Mapping[type[Node], Callable[[Parts, Any], str]] = {
    TableSource: _table_source,
    ToTable: _to_table,
    TableFilter: _step("KTABLE-FILTER"),
    TableMapValues: _step("KTABLE-MAPVALUES"),
    TableGroupBy: _group_by,
    TableAggregate: _aggregate,
    TableJoin: _table_join,
    Subscribe: _subscribe,
    Subscriptions: _subscriptions,
    ForeignKeyJoin: _foreign_key_join,
    StreamJoin: _stream_join,
    StreamTableJoin: _stream_table_join,
    GlobalTable: _global_table,
    StreamGlobalJoin: _global_join,
}
