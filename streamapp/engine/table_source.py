"""A topic read as a table, and a table turned back into a stream.

A later record of a key replaces its row even when its timestamp is older; a null value deletes the row; a
null key is dropped (KTableSource). Knows nothing of joins.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.node import TableSource, ToStream
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec


def table_stores(node: TableSource, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The last value of each key, restored from the topic itself."""
    topic = node.topic
    return (
        StoreSpec(
            node.store.name,
            "key-value",
            codec_for(topic.key, topic.key_format),
            codec_for(topic.value, topic.format),
            log="source",
            source_topic=topic.name,
        ),
    )


def build_table_source(node: TableSource, context: Context, forward: Forward) -> tuple[Forward]:
    """Keeps each record as its key's row and passes on the new and the old value."""
    store = context.key_value_store(node.store.name)
    get, put = store.get, store.put
    drop = context.counting(context.dropped, node.store.name)

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None:
            drop()
            return
        row = get(key)
        put(key, value, timestamp)
        forward(key, value, None if row is None else row[0], timestamp, headers)

    return (process,)


def table_view(node: TableSource, context: Context) -> View:
    """The last value of a key."""
    return context.key_value_store(node.store.name).get


def build_to_stream(node: ToStream, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on each change as a record: the key and the new value, null where the row was deleted."""

    def process(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        forward(key, new, timestamp, headers)

    return (process,)
