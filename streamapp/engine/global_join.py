"""A stream's records joined with the rows of a global table, inner and left.

A record is looked up by what the author's selector makes of it. Records with a null value are dropped, and those
that select null in an inner join; a left join gives them None for the row (KIP-962). Results keep the record's
key and timestamp. Knows nothing of how the table is kept or filled.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.nodes_join import StreamGlobalJoin
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers
from streamapp.engine.stream_table_join import table_changed
from streamapp.engine.table_join import joining


def build_global_join(node: StreamGlobalJoin, context: Context, forward: Forward) -> tuple[Forward, Forward]:
    """Passes on what the joiner makes of each record and the row it selects; the table's edge ends here."""
    table: Any = node.parents[1]
    look_up = context.global_view(table)
    select, with_key = node.selector.call, node.selector.with_key
    joiner, left = joining(node.joiner), node.left
    drop = context.counting(context.dropped, node.name or "global-join")

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if value is None:
            drop()
            return
        selected = select(key, value) if with_key else select(value)
        if selected is None and not left:
            drop()
            return
        row = None if selected is None else look_up(selected)
        if row is not None:
            forward(key, joiner(key, value, row[0]), timestamp, headers)
        elif left:
            forward(key, joiner(key, value, None), timestamp, headers)

    return process, table_changed
