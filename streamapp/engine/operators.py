"""The registry: which operator runs which class of node. A new operator is its own file and one line here.

Knows nothing of what the operators do.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamapp.dsl.node import (
    Aggregate,
    Filter,
    Map,
    MapValues,
    Node,
    SelectKey,
    StreamTableJoin,
    TableSource,
    ToStream,
)
from streamapp.engine import aggregate, stateless, table_join, table_source, windowed
from streamapp.engine.operator import Context, Forward, Operator, View
from streamapp.engine.specs import CodecFor, StoreSpec


def _aggregate_stores(node: Aggregate, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    if node.windows is None:
        return aggregate.aggregate_stores(node, codec_for)
    return windowed.windowed_stores(node, node.windows, codec_for)


def _build_aggregate(node: Aggregate, context: Context, forward: Forward) -> tuple[Forward, ...]:
    if node.windows is None:
        return aggregate.build_aggregate(node, context, forward)
    return windowed.build_windowed(node, node.windows, context, forward)


def _aggregate_view(node: Aggregate, context: Context) -> View:
    if node.windows is None:
        return aggregate.aggregate_view(node, context)
    return windowed.windowed_view(node, context)


OPERATORS: Mapping[type[Node], Operator] = {
    Filter: Operator(stateless.build_filter),
    Map: Operator(stateless.build_map),
    MapValues: Operator(stateless.build_map_values),
    SelectKey: Operator(stateless.build_select_key),
    Aggregate: Operator(_build_aggregate, _aggregate_stores, _aggregate_view),
    TableSource: Operator(table_source.build_table_source, table_source.table_stores, table_source.table_view),
    ToStream: Operator(table_source.build_to_stream),
    StreamTableJoin: Operator(
        table_join.build_stream_table_join, takes_null_keys=lambda node: bool(node.left), joins=True
    ),
}
"""Source, Sink and Repartition are not here: they are where a task meets its topics (`task`, `sink`)."""


def view_of(table: Node, context: Context) -> View:
    """Looks up the rows of `table`."""
    view = OPERATORS[type(table)].view
    if view is None:
        raise TypeError(f"{type(table).__name__} is not a table with rows")
    return view(table, context)
