"""A topic or a stream read as a table, and a table turned back into a stream.

A later record of a key replaces its row even when its timestamp is older; a null value deletes the row; a
null key is dropped (KTableSource). A table that no step asks for rows keeps none and only passes changes on. One
with a history keeps older values as well, and tells which changes are of the past (KIP-889). Knows nothing of
joins.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from streamapp.dsl.node import TableSource, ToStream
from streamapp.dsl.nodes_table import ToTable
from streamapp.engine.operator import AsOf, Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec

Kept: TypeAlias = TableSource | ToTable


def source_stores(node: TableSource, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The last value of each key, restored from the topic itself; with a history, its versions."""
    topic = node.topic
    key, value = codec_for(topic.key, topic.key_format), codec_for(topic.value, topic.format)
    if node.history is not None:
        return (StoreSpec(node.store.name, "versioned", key, value, retention=node.history),)
    return (StoreSpec(node.store.name, "key-value", key, value, log="source", source_topic=topic.name),)


def to_table_stores(node: ToTable, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The last value of each key."""
    options = node.store
    return (StoreSpec(options.name, "key-value", codec_for(options.key, None), codec_for(options.value, None)),)


def build_source(node: TableSource, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on the changes of a topic's table."""
    if node.history is not None:
        return _versioned(node, context, forward)
    return build_kept(node, context, forward)


def build_kept(node: Kept, context: Context, forward: Forward) -> tuple[Forward]:
    """Keeps each record as its key's row, when rows are asked for, and passes on the change."""
    drop = context.counting(context.dropped, node.store.name)
    if not context.changes.keeps(node):

        def pass_on(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
            if key is None:
                drop()
            else:
                forward(key, value, None, timestamp, headers)

        return (pass_on,)
    store = context.key_value_store(node.store.name)
    get, put, sends_old = store.get, store.put, context.sends_old(node)

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None:
            drop()
            return
        row = get(key) if sends_old else None
        put(key, value, timestamp)
        forward(key, value, None if row is None else row[0], timestamp, headers)

    return (process,)


def _versioned(node: TableSource, context: Context, forward: Forward) -> tuple[Forward]:
    """Keeps each record as a version of its key's row; one older than the history is dropped, not passed on."""
    name, history = node.store.name, node.history or 0
    store, times, journal = context.versioned_store(name), context.clock(name), context.journal
    sends_old, outdated = context.sends_old(node), context.outdated
    drop, count_late = context.counting(context.dropped, name), context.counting(context.late, name)

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None:
            drop()
            return
        observed = times[name]
        if timestamp < observed - history:
            count_late()
            return
        if timestamp > observed:
            journal.append((times, name, observed))
            times[name] = timestamp
        row = store.get(key) if sends_old else None
        outdated[node] = not store.put(key, value, timestamp)
        forward(key, value, None if row is None else row[0], timestamp, headers)

    return (process,)


def source_view(node: TableSource, context: Context) -> View:
    """The last value of a key."""
    if node.history is not None:
        return context.versioned_store(node.store.name).get
    return context.key_value_store(node.store.name).get


def kept_view(node: Kept, context: Context) -> View:
    """The last value of a key."""
    return context.key_value_store(node.store.name).get


def source_as_of(node: TableSource, context: Context) -> AsOf:
    """The value a key had at a time; None for times the history has left behind, unless the last value is older."""
    name, history = node.store.name, node.history or 0
    store, times = context.versioned_store(name), context.clock(name)

    def as_of(key: Any, time: int) -> tuple[Any, int] | None:
        if time < times[name] - history:
            row = store.get(key)
            return row if row is not None and row[1] <= time else None
        return store.get_as_of(key, time)

    return as_of


def build_to_stream(node: ToStream, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on each change as a record: the key and the new value, null where the row was deleted."""

    def process(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        forward(key, new, timestamp, headers)

    return (process,)
