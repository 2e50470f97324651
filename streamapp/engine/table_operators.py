"""The part of the registry for tables and joins: which operator runs which class of node.

Knows nothing of what the operators do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamapp.dsl.node import Node, StreamTableJoin, TableSource, ToStream
from streamapp.dsl.nodes_join import StreamGlobalJoin, StreamJoin
from streamapp.dsl.nodes_table import (
    ForeignKeyJoin,
    Subscribe,
    Subscriptions,
    TableAggregate,
    TableFilter,
    TableGroupBy,
    TableJoin,
    TableMapValues,
    ToTable,
)
from streamapp.engine import (
    foreign_key_join,
    global_join,
    stream_join,
    stream_table_join,
    table_aggregate,
    table_join,
    table_source,
    table_steps,
)
from streamapp.engine.operator import Operator


def _is_left(node: Any) -> bool:
    return bool(node.left)


def _is_outer(node: Any) -> bool:
    return bool(node.how != "inner")


TABLE_OPERATORS: Mapping[type[Node], Operator] = {
    TableSource: Operator(
        table_source.build_source, table_source.source_stores, table_source.source_view, table_source.source_as_of
    ),
    ToTable: Operator(table_source.build_kept, table_source.to_table_stores, table_source.kept_view),
    ToStream: Operator(table_source.build_to_stream),
    TableFilter: Operator(
        table_steps.build_table_filter, table_steps.step_stores, table_steps.filter_view, table_steps.filter_as_of
    ),
    TableMapValues: Operator(
        table_steps.build_table_map_values,
        table_steps.step_stores,
        table_steps.map_values_view,
        table_steps.map_values_as_of,
    ),
    TableGroupBy: Operator(table_steps.build_table_group_by),
    TableAggregate: Operator(
        table_aggregate.build_table_aggregate,
        table_aggregate.aggregate_stores,
        table_aggregate.table_aggregate_view,
    ),
    TableJoin: Operator(
        table_join.build_table_join, table_join.table_join_stores, table_join.table_join_view, joins=True
    ),
    StreamTableJoin: Operator(
        stream_table_join.build_stream_table_join,
        stream_table_join.stream_table_join_stores,
        takes_null_keys=_is_left,
        joins=True,
    ),
    Subscribe: Operator(foreign_key_join.build_subscribe),
    Subscriptions: Operator(foreign_key_join.build_subscriptions, foreign_key_join.subscription_stores, joins=True),
    ForeignKeyJoin: Operator(
        foreign_key_join.build_foreign_key_join,
        foreign_key_join.result_stores,
        foreign_key_join.result_view,
        joins=True,
    ),
    StreamGlobalJoin: Operator(global_join.build_global_join, takes_null_keys=_is_left),
    StreamJoin: Operator(
        stream_join.build_stream_join, stream_join.stream_join_stores, takes_null_keys=_is_outer, joins=True
    ),
}
