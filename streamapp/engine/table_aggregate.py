"""Aggregates of a table's rows by another key: what a row was is taken away, what it is now is added.

A result's timestamp is the latest of its changes; a null aggregate deletes the row (KTableAggregate,
KTableReduce). Knows nothing of how the changes got their key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.node import Function
from streamapp.dsl.nodes_table import TableAggregate
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec


def aggregate_stores(node: TableAggregate, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row per key."""
    options = node.store
    return (StoreSpec(options.name, "key-value", codec_for(options.key, None), codec_for(options.value, None)),)


def build_table_aggregate(node: TableAggregate, context: Context, forward: Forward) -> tuple[Forward]:
    """Takes the old value from its key's aggregate, adds the new one, and passes on the change."""
    store, sends_old = context.key_value_store(node.store.name), context.sends_old(node)
    get, put, initializer = store.get, store.put, node.initializer
    add, subtract = _with_key(node.adder), _with_key(node.subtractor)

    def process(key: Any, value: tuple[Any, Any], timestamp: int, headers: Headers) -> None:
        new, old = value
        row = get(key)
        before = aggregate = None if row is None else row[0]
        if row is not None and (old is not None or new is not None) and row[1] > timestamp:
            timestamp = row[1]
        if old is not None and aggregate is not None:
            aggregate = subtract(key, aggregate, old)
        if new is not None:
            aggregate = first_or_next(key, aggregate, new)
        put(key, aggregate, timestamp)
        forward(key, aggregate, before if sends_old else None, timestamp, headers)

    def first_or_next(key: Any, aggregate: Any, new: Any) -> Any:
        if aggregate is None:
            if initializer is None:
                return new
            aggregate = initializer()
        return add(key, aggregate, new)

    return (process,)


def _with_key(function: Function) -> Callable[[Any, Any, Any], Any]:
    call = function.call
    return call if function.with_key else lambda key, aggregate, value: call(aggregate, value)


def table_aggregate_view(node: TableAggregate, context: Context) -> View:
    """The aggregate of a key."""
    return context.key_value_store(node.store.name).get
