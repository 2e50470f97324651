"""A stream's records joined with the rows of a table, inner and left.

Only the stream's side gives results: a change of the table waits in its store for later records. Records with
a null value are dropped, and those with a null key in an inner join; a left join gives them None for the row
(KIP-962). A table with a history is asked for the row of the record's own time. Results keep the stream record's
timestamp. Knows nothing of how the table is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.node import StreamTableJoin
from streamapp.engine.join_buffer import buffer_store, build_buffer
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.table_join import joining


def stream_table_join_stores(node: StreamTableJoin, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The records that wait, where they do."""
    return () if node.store is None else (buffer_store(node.store, codec_for),)


def build_stream_table_join(node: StreamTableJoin, context: Context, forward: Forward) -> tuple[Forward, Forward]:
    """Passes on what the joiner makes of each record and its key's row; the table's edge ends here."""
    join = direct = _build_join(node, context, forward)
    left = node.left
    if node.grace is not None and node.store is not None:
        join = build_buffer(node.store.name, node.grace, context, direct)
    drop = context.counting(context.dropped, node.name or "join")

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if value is None or (key is None and not left):
            drop()
        elif key is None:
            direct(key, value, timestamp, headers)
        else:
            join(key, value, timestamp, headers)

    return process, table_changed


def table_changed(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
    """Nothing: the table's own store has the change."""


def _build_join(node: StreamTableJoin, context: Context, forward: Forward) -> Forward:
    """Joins a record that has all it needs, and passes on the result if there is one."""
    look_up = _looking_up(node, context)
    joiner, left = joining(node.joiner), node.left

    def join(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        row = None if key is None else look_up(key, timestamp)
        if row is None:
            if left:
                forward(key, joiner(key, value, None), timestamp, headers)
            return
        forward(key, joiner(key, value, row[0]), timestamp, headers)

    return join


def _looking_up(node: StreamTableJoin, context: Context) -> Callable[[Any, int], tuple[Any, int] | None]:
    """The table's row of a key, as of a time if it has a history."""
    table = node.parents[1]
    as_of = context.as_of(table)
    if as_of is not None:
        return as_of
    view = context.view(table)
    return lambda key, time: view(key)
