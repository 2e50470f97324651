"""The registry: which operator runs which class of node. A new operator is its own file and one line here.

Knows nothing of what the operators do.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamapp.dsl.node import (
    Filter,
    Map,
    MapValues,
    Node,
    SelectKey,
)
from streamapp.engine import stateless
from streamapp.engine.aggregation_operators import AGGREGATIONS
from streamapp.engine.operator import AsOf, Context, Operator, View
from streamapp.engine.stream_operators import STREAM_OPERATORS
from streamapp.engine.table_operators import TABLE_OPERATORS

OPERATORS: Mapping[type[Node], Operator] = {
    Filter: Operator(stateless.build_filter),
    Map: Operator(stateless.build_map),
    MapValues: Operator(stateless.build_map_values),
    SelectKey: Operator(stateless.build_select_key),
    **AGGREGATIONS,
    **STREAM_OPERATORS,
    **TABLE_OPERATORS,
}
"""Source, Sink and Repartition are not here: they are where a task meets its topics (`task`, `sink`)."""


def view_of(table: Node, context: Context) -> View:
    """Looks up the rows of `table`."""
    view = OPERATORS[type(table)].view
    if view is None:
        raise TypeError(f"{type(table).__name__} is not a table with rows")
    return view(table, context)


def as_of_of(table: Node, context: Context) -> AsOf:
    """Looks up the rows `table` had at a time."""
    as_of = OPERATORS[type(table)].as_of
    if as_of is None:
        raise TypeError(f"{type(table).__name__} is not a table with a history")
    return as_of(table, context)
