"""How the records of a stream go into aggregates: what every kind of aggregation has in common.

An aggregation of one stream has one `Folding`; a cogroup has one for each stream, with one store and a stream time
for each (KIP-150). Knows nothing of windows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamapp.dsl.node import Aggregate, Function
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.engine.operator import Context
from streamapp.engine.records import Headers

Add = Callable[[Any, Any, Any], Any]
"""Of key, aggregate and value, or of key and two aggregates: the next aggregate."""


@dataclass(frozen=True, slots=True)
class Folding:
    """One stream of an aggregation."""

    store: str
    clock: str
    """Shows the stream's time; another name than the store's where several streams have one store."""
    initializer: Callable[[], Any]
    add: Add
    merge: Add
    sends_old: bool
    cached: bool
    """Changes wait in the record cache: the old value is then what the row was, None where there was none."""
    on_close: bool
    drop: Callable[[], None]
    """Counts a record that has no key, or no value."""
    count_late: Callable[[], None]
    late: Callable[[Any, Any, int, Headers], None] | None
    """Takes a record that came too late for a window; None when nobody wants it."""

    def before_all(self) -> Any:
        """The old value of an aggregate that was not there: an empty one, as Kafka Streams tells it."""
        return None if self.cached else self.initializer()

    @property
    def shared(self) -> bool:
        """Whether other streams write to the store."""
        return self.clock != self.store


def foldings(node: Aggregate | Cogroup, context: Context) -> tuple[Folding, ...]:
    """One for each parent of the node."""
    if isinstance(node, Aggregate):
        return (_folding(node, _adding(node), node.store.name, context),)
    return tuple(
        _folding(node, _with_key(function), f"{node.store.name}:{number}", context)
        for number, function in enumerate(node.aggregators)
    )


def _folding(node: Aggregate | Cogroup, add: Add, clock: str, context: Context) -> Folding:
    name = node.store.name
    return Folding(
        store=name,
        clock=clock,
        initializer=node.initializer,
        add=add,
        merge=_merging(node),
        sends_old=context.sends_old(node),
        cached=node in context.cached,
        on_close=isinstance(node, Aggregate) and node.emit == "close",
        drop=context.counting(context.dropped, name),
        count_late=context.counting(context.late, name),
        late=context.late_edges.get(node),
    )


def _adding(node: Aggregate) -> Add:
    if node.is_count:
        return lambda key, count, value: count + 1
    add = _with_key(node.aggregator)
    return _from_first(add) if node.is_reduce else add


def _merging(node: Aggregate | Cogroup) -> Add:
    if node.merger is None:
        return _no_merger
    merge = _with_key(node.merger)
    return _from_first(merge) if isinstance(node, Aggregate) and node.is_reduce else merge


def _with_key(function: Function) -> Add:
    call = function.call
    return call if function.with_key else lambda key, aggregate, value: call(aggregate, value)


def _from_first(add: Add) -> Add:
    """A reduce has no empty aggregate: the first value is one."""
    return lambda key, aggregate, value: value if aggregate is None else add(key, aggregate, value)


def _no_merger(key: Any, aggregate: Any, other: Any) -> Any:
    raise TypeError("only sessions are merged")
