"""Aggregation of a stream per key: count and aggregate without windows.

Records with a null key or value are dropped; the result's timestamp is the latest of all that went into it; a
null aggregate deletes the row (KStreamAggregate). Knows nothing of windows or stream time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.node import Aggregate
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec


def aggregate_stores(node: Aggregate, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row per key."""
    options = node.store
    return (StoreSpec(options.name, "key-value", codec_for(options.key, None), codec_for(options.value, None)),)


def build_aggregate(node: Aggregate, context: Context, forward: Forward) -> tuple[Forward]:
    """Folds each value into its key's aggregate and passes on the new and the old one."""
    store = context.key_value_store(node.store.name)
    get, put = store.get, store.put
    initializer, fold = node.initializer, folding(node)
    drop = context.counting(context.dropped, node.store.name)

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None or value is None:
            drop()
            return
        row = get(key)
        if row is None:
            old = initializer()
        else:
            old, latest = row
            if latest > timestamp:
                timestamp = latest
        new = fold(key, old, value)
        put(key, new, timestamp)
        forward(key, new, old, timestamp, headers)

    return (process,)


def folding(node: Aggregate) -> Callable[[Any, Any, Any], Any]:
    """The author's aggregator as a function of key, aggregate and value."""
    aggregator = node.aggregator.call
    if node.is_count:
        return lambda key, count, value: count + 1
    if node.aggregator.with_key:
        return aggregator
    return lambda key, aggregate, value: aggregator(aggregate, value)


def aggregate_view(node: Aggregate, context: Context) -> View:
    """The aggregate of a key."""
    return context.key_value_store(node.store.name).get
