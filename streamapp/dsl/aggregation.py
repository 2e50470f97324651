"""Makes the node of an aggregation, with windows or without.

Knows nothing of streams and tables as authors see them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.function import adapt, return_type
from streamapp.dsl.naming import checked
from streamapp.dsl.node import Aggregate, Function, Node, StoreOptions
from streamapp.dsl.place import author_line
from streamapp.dsl.types import plain
from streamapp.dsl.windows import TimeWindows, Windowed
from streamapp.errors import TopologyError


def count_of(node: Node, name: str, windows: TimeWindows | None = None, retention: int | None = None) -> Node:
    """Counts the records of each key."""
    counting = Function(_one_more, with_key=False, where="count")
    return _aggregate(node, name, int, int, counting, windows, retention, is_count=True)


def _one_more(count: int, value: object) -> int:
    return count + 1


def aggregate_of(
    node: Node,
    initializer: Callable[[], Any],
    aggregator: Callable[..., Any],
    name: str,
    value: Any,
    windows: TimeWindows | None = None,
    retention: int | None = None,
) -> Node:
    """Folds the records of each key; the result's type is `value`, else what the functions tell of it."""
    step = f"aggregate {name!r}"
    if not callable(initializer):
        raise TopologyError(
            f"{step} at {author_line()}: {initializer!r} is not a function: "
            "give one that makes an empty aggregate, such as the aggregate's class"
        )
    type_ = plain(value) or return_type(step, aggregator) or return_type(step, initializer)
    function = adapt(step, aggregator, node.key, {"the aggregate": type_, "the value": node.value})
    return _aggregate(node, name, type_, initializer, function, windows, retention)


def _windowed(key: Any) -> Any:
    """`Windowed[key]`, or `Windowed` alone when nothing is known of the key."""
    windowed: Any = Windowed
    return windowed if plain(key) is None else windowed[key]


def _aggregate(
    node: Node,
    name: str,
    type_: Any,
    initializer: Callable[[], Any],
    aggregator: Function,
    windows: TimeWindows | None,
    retention: int | None,
    is_count: bool = False,
) -> Aggregate:
    step = "count" if is_count else "aggregate"
    if windows is not None and retention is not None and retention < windows.retention:
        raise TopologyError(
            f"{step} {name!r} at {author_line()}: retention={retention} ms is less than the "
            f"{windows.retention} ms its windows need (size {windows.size} + grace {windows.grace} + 1): "
            f"give at least retention={windows.retention}, or leave it out"
        )
    return Aggregate(
        parents=(node,),
        key=node.key if windows is None else _windowed(node.key),
        value=type_,
        name=checked(step, name),
        store=StoreOptions(name, node.key, type_, retention),
        initializer=initializer,
        aggregator=aggregator,
        windows=windows,
        is_count=is_count,
    )
