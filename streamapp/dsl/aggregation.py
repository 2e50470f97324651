"""Makes the node of an aggregation, with windows or without.

Knows nothing of streams and tables as authors see them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from streamapp.dsl.function import adapt, return_type
from streamapp.dsl.naming import checked
from streamapp.dsl.node import Aggregate, Emit, Function, Node, StoreOptions
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.dsl.place import author_line
from streamapp.dsl.source import checked_ttl
from streamapp.dsl.types import contradicts, name_of, plain
from streamapp.dsl.windows import Session, SessionWindows, SlidingWindows, TimeWindows, Windowed, Windows
from streamapp.errors import TopologyError


@dataclass(frozen=True, slots=True)
class Windowing:
    """The windows of an aggregation, how long rows are kept (ms), and when windows give results."""

    windows: Windows | None = None
    retention: int | None = None
    emit: Emit = "update"
    ttl: int | None = None
    """Without windows: how long a row lives that no record renews."""

    def check(self, step: str, name: str) -> None:
        """Raises `TopologyError` for what cannot be."""
        if self.emit not in get_args(Emit):
            raise TopologyError(f"{step} {name!r} at {author_line()}: emit={self.emit!r}: give 'update' or 'close'")
        least = 0 if self.windows is None else self.windows.retention
        if self.retention is not None and self.retention < least:
            raise TopologyError(
                f"{step} {name!r} at {author_line()}: retention={self.retention} ms is less than the {least} ms its "
                f"windows need ({_need(self.windows)}): give at least retention={least}, or leave it out"
            )

    def key(self, key: Any) -> Any:
        """The type of the result's keys; it tells how long time windows are, as their bytes do not."""
        if self.windows is None:
            return key
        inner = plain(key) is not None
        if isinstance(self.windows, SessionWindows):
            return Session[key] if inner else Session
        return Annotated[Windowed[key] if inner else Windowed, self.windows]


def _need(windows: Windows | None) -> str:
    if isinstance(windows, TimeWindows):
        return f"size {windows.size} + grace {windows.grace}"
    if isinstance(windows, SlidingWindows):
        return f"2 x difference {windows.difference} + grace {windows.grace} + 2"
    return "" if windows is None else f"gap {windows.gap} + grace {windows.grace}"


def count_of(node: Node, name: str, windowing: Windowing) -> Node:
    """Counts the records of each key."""
    counting = Function(_one_more, with_key=False, where="count")
    adding = Function(_sum, with_key=False, where="count")
    return _aggregate(node, "count", name, int, int, counting, adding, windowing)


def _one_more(count: int, value: object) -> int:
    return count + 1


def _sum(count: int, other: int) -> int:
    return count + other


def reduce_of(node: Node, reducer: Callable[..., Any], name: str, windowing: Windowing) -> Node:
    """Combines the values of each key into one of the same type."""
    step = f"reduce {name!r}"
    function = adapt(step, reducer, node.key, {"the aggregate": node.value, "the value": node.value})
    result = return_type(step, reducer)
    if contradicts(result, node.value):
        raise TopologyError(
            f"{step} at {author_line()}: {function.where} returns {name_of(result)}, but the values are "
            f"{name_of(plain(node.value))}: use aggregate for a result of another type"
        )
    return _aggregate(node, "reduce", name, node.value, _nothing, function, function, windowing)


def _nothing() -> None:
    return None


def aggregate_of(
    node: Node,
    initializer: Callable[[], Any],
    aggregator: Callable[..., Any],
    name: str,
    value: Any,
    windowing: Windowing,
    merger: Callable[..., Any] | None = None,
) -> Node:
    """Folds the records of each key; the result's type is `value`, else what the functions tell of it."""
    step = f"aggregate {name!r}"
    _check_initializer(step, initializer)
    type_ = plain(value) or return_type(step, aggregator) or return_type(step, initializer)
    function = adapt(step, aggregator, node.key, {"the aggregate": type_, "the value": node.value})
    merging = _merging(step, merger, node.key, type_)
    return _aggregate(node, "aggregate", name, type_, initializer, function, merging, windowing)


def cogroup_of(
    nodes: Sequence[Node],
    aggregators: Sequence[Callable[..., Any]],
    initializer: Callable[[], Any],
    name: str,
    value: Any,
    windowing: Windowing,
    merger: Callable[..., Any] | None = None,
) -> Node:
    """Folds the records of each key of several streams; its type as that of `aggregate_of`."""
    step = f"aggregate {name!r}"
    _check_initializer(step, initializer)
    types = [return_type(step, function) for function in (*aggregators, initializer)]
    type_ = plain(value) or next((found for found in types if found is not None), None)
    windowing.check("aggregate", name)
    key = nodes[0].key
    return Cogroup(
        parents=tuple(nodes),
        key=windowing.key(key),
        value=type_,
        name=checked("aggregate", name),
        store=StoreOptions(name, key, type_, windowing.retention),
        initializer=initializer,
        aggregators=tuple(
            adapt(step, function, node.key, {"the aggregate": type_, "the value": node.value})
            for node, function in zip(nodes, aggregators, strict=True)
        ),
        windows=windowing.windows,
        merger=_merging(step, merger, key, type_),
    )


def _check_initializer(step: str, initializer: object) -> None:
    if not callable(initializer):
        raise TopologyError(
            f"{step} at {author_line()}: {initializer!r} is not a function: "
            "give one that makes an empty aggregate, such as the aggregate's class"
        )


def _merging(step: str, merger: Callable[..., Any] | None, key: Any, type_: Any) -> Function | None:
    return merger and adapt(step, merger, key, {"the aggregate": type_, "the other aggregate": type_})


def _aggregate(
    node: Node,
    step: str,
    name: str,
    type_: Any,
    initializer: Callable[[], Any],
    aggregator: Function,
    merger: Function | None,
    windowing: Windowing,
) -> Aggregate:
    windowing.check(step, name)
    return Aggregate(
        parents=(node,),
        key=windowing.key(node.key),
        value=type_,
        name=checked(step, name),
        store=StoreOptions(name, node.key, type_, windowing.retention, checked_ttl(step, name, windowing.ttl)),
        initializer=initializer,
        aggregator=aggregator,
        windows=windowing.windows,
        is_count=step == "count",
        is_reduce=step == "reduce",
        merger=merger,
        emit=windowing.emit,
    )
