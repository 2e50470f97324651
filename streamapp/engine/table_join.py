"""A stream's records joined with the rows of a table, inner and left.

Only the stream's side gives results: a change of the table waits in its store for later records. Records with
a null value are dropped, and those with a null key in an inner join; a left join gives them None for the row
(KIP-962). Results keep the stream record's timestamp. Knows nothing of how the table is kept.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.node import StreamTableJoin
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers


def build_stream_table_join(node: StreamTableJoin, context: Context, forward: Forward) -> tuple[Forward, Forward]:
    """Passes on what the joiner makes of each record and its key's row; the table's edge ends here."""
    look_up = context.view(node.parents[1])
    joiner, with_key, left = node.joiner.call, node.joiner.with_key, node.left
    drop = context.counting(context.dropped, node.name or "join")

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if value is None or (key is None and not left):
            drop()
            return
        row = None if key is None else look_up(key)
        if row is None:
            if not left:
                return
            other = None
        else:
            other = row[0]
        joined = joiner(key, value, other) if with_key else joiner(value, other)
        forward(key, joined, timestamp, headers)

    def table_changed(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        """Nothing: the table's own store has the change."""

    return process, table_changed
