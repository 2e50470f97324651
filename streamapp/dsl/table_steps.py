"""Makes the nodes of a table's steps and checks what can be checked of them.

Knows nothing of tables as authors see them, and nothing of how steps run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Literal

from streamapp.dsl.function import adapt, pair_type, return_type
from streamapp.dsl.naming import checked
from streamapp.dsl.node import Function, Node, Repartition, StoreOptions
from streamapp.dsl.nodes_table import TableAggregate, TableFilter, TableGroupBy, TableMapValues, ToTable
from streamapp.dsl.place import author_line
from streamapp.dsl.source import checked_ttl
from streamapp.dsl.steps import refuse_changed_key
from streamapp.dsl.topic import Topic
from streamapp.dsl.types import plain
from streamapp.errors import TopologyError


def to_table_of(node: Node, name: str, *, ttl: int | None, materialized: bool) -> Node:
    """Reads a stream as a table."""
    if node.key_changed:
        refuse_changed_key(node, "to_table", "")
    store = StoreOptions(checked("to_table", name), node.key, node.value, ttl=checked_ttl("to_table", name, ttl))
    kept = materialized or ttl is not None
    return ToTable(parents=(node,), key=node.key, value=node.value, name=name, store=store, materialized=kept)


def table_filter_of(node: Node, step: str, predicate: Callable[..., Any], name: str | None, *, negate: bool) -> Node:
    """Keeps or deletes rows by a predicate."""
    return TableFilter(
        parents=(node,),
        key=node.key,
        value=node.value,
        name=name,
        predicate=adapt(step, predicate, node.key, {"the value": node.value}),
        negate=negate,
        store=named_store(step, name, node.key, node.value),
    )


def table_map_values_of(node: Node, mapper: Callable[..., Any], name: str | None, value: Any) -> Node:
    """Replaces the values of rows."""
    type_ = value or return_type("map_values", mapper)
    return TableMapValues(
        parents=(node,),
        key=node.key,
        value=type_,
        name=name,
        mapper=adapt("map_values", mapper, node.key, {"the value": node.value}),
        store=named_store("map_values", name, node.key, type_),
    )


def named_store(step: str, name: str | None, key: Any, value: Any) -> StoreOptions | None:
    """The store of a table that is kept only when it has a name."""
    return None if name is None else StoreOptions(checked(step, name), key, value)


def table_grouping_of(
    node: Node, mapper: Callable[..., Any], name: str, key: Any, value: Any, partitions: int | None
) -> Callable[[], Node]:
    """Gives the node whose changes are grouped, made when it is first asked for."""
    step = f"group_by {name!r}"
    if partitions is not None and partitions < 1:
        raise TopologyError(f"{step} at {author_line()}: partitions={partitions}: give 1 or more, or leave it out")
    function = adapt(step, mapper, node.key, {"the value": node.value})
    found = (None, None) if key and value else pair_type(step, mapper)
    keyed = TableGroupBy(
        parents=(node,),
        name=checked("group_by", name),
        key=key or found[0],
        value=value or found[1],
        key_changed=True,
        mapper=function,
    )
    topic: Topic[Any, Any] = Topic(f"{name}-repartition", keyed.key, keyed.value)
    return cache(
        partial(
            Repartition,
            parents=(keyed,),
            key=keyed.key,
            value=keyed.value,
            name=name,
            topic=topic,
            partitions=partitions,
            grouped=True,
            carries="change",
        )
    )


def table_count_of(node: Node, name: str) -> Node:
    """Counts the rows of each group."""
    adder = Function(lambda count, value: count + 1, with_key=False, where="count")
    subtractor = Function(lambda count, value: count - 1, with_key=False, where="count")
    return _aggregate(node, name, int, int, adder, subtractor, "count")


def table_reduce_of(node: Node, adder: Callable[..., Any], subtractor: Callable[..., Any], name: str) -> Node:
    """Combines the values of each group."""
    step = f"reduce {name!r}"
    given = {"the aggregate": node.value, "the value": node.value}
    add, subtract = (adapt(step, function, node.key, given) for function in (adder, subtractor))
    return _aggregate(node, name, node.value, None, add, subtract, "reduce")


def table_aggregate_of(
    node: Node,
    initializer: Callable[[], Any],
    adder: Callable[..., Any],
    subtractor: Callable[..., Any],
    name: str,
    value: Any,
) -> Node:
    """Folds the values of each group, and takes old ones away again."""
    step = f"aggregate {name!r}"
    if not callable(initializer):
        raise TopologyError(
            f"{step} at {author_line()}: {initializer!r} is not a function: "
            "give one that makes an empty aggregate, such as the aggregate's class"
        )
    type_ = plain(value) or return_type(step, adder) or return_type(step, initializer)
    given = {"the aggregate": type_, "the value": node.value}
    add, subtract = (adapt(step, function, node.key, given) for function in (adder, subtractor))
    return _aggregate(node, name, type_, initializer, add, subtract, "aggregate")


def _aggregate(
    node: Node,
    name: str,
    type_: Any,
    initializer: Callable[[], Any] | None,
    adder: Function,
    subtractor: Function,
    operation: Literal["count", "reduce", "aggregate"],
) -> Node:
    return TableAggregate(
        parents=(node,),
        key=node.key,
        value=type_,
        name=checked(operation, name),
        store=StoreOptions(name, node.key, type_),
        initializer=initializer,
        adder=adder,
        subtractor=subtractor,
        operation=operation,
    )
