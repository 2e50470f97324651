"""Aggregation of a stream per key, without windows.

Records with a null key or value are dropped; the result's timestamp is the latest of all that went into it; a
null aggregate deletes the row (KStreamAggregate, KStreamReduce). Knows nothing of windows or stream time.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.node import Aggregate
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.engine.folding import Folding
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec


def aggregate_stores(node: Aggregate | Cogroup, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row per key."""
    options = node.store
    return (StoreSpec(options.name, "key-value", codec_for(options.key, None), codec_for(options.value, None)),)


def build_aggregate(folding: Folding, context: Context, forward: Forward) -> Forward:
    """Folds each value into its key's aggregate and passes on the new and the old one."""
    store = context.key_value_store(folding.store)
    get, put = store.get, store.put
    initializer, add, drop, sends_old = folding.initializer, folding.add, folding.drop, folding.sends_old

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None or value is None:
            drop()
            return
        row = get(key)
        if row is None:
            aggregate = initializer()
        else:
            aggregate, latest = row
            if latest > timestamp:
                timestamp = latest
        old = before(key) if sends_old else None
        aggregate = add(key, aggregate, value)
        put(key, aggregate, timestamp)
        forward(key, aggregate, old, timestamp, headers)

    def before(key: Any) -> Any:
        """The aggregate once more, as the author's function may change what it is given."""
        row = get(key)
        return folding.before_all() if row is None else row[0]

    return process


def aggregate_view(node: Aggregate | Cogroup, context: Context) -> View:
    """The aggregate of a key."""
    return context.key_value_store(node.store.name).get
