"""A stream joined with itself within a window of time, with one store instead of two.

Each record is first the left side of those it finds, then the right side of them, and of itself in the order of
time (KStreamKStreamSelfJoin). Knows nothing of joins with other streams.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.nodes_join import StreamJoin
from streamapp.engine.join_rows import keeping
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers
from streamapp.engine.table_join import joining
from streamapp.engine.timed_rows import TimedRows


def build_self_join(node: StreamJoin, context: Context, forward: Forward) -> tuple[Forward, Forward]:
    """Passes on what the joiner makes of each record with those it finds, and with itself; one edge does it all.

    A record that comes too late for the window of time that is kept is not joined with itself.
    """
    name, own, windows, join = node.name or "", node.left.name, node.windows, joining(node.joiner)
    retention = windows.size + windows.grace
    rows = TimedRows(context, own, retention)
    times, journal, drop = context.clock(name), context.journal, context.counting(context.dropped, name)
    keep = keeping(rows, own, context)

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None or value is None:
            drop()
            return
        observed = times[name]
        if timestamp > observed:
            journal.append((times, name, observed))
            times[name] = observed = timestamp
        for time, other in _found(rows, key, timestamp, windows.before, windows.after):
            forward(key, join(key, value, other), max(timestamp, time), headers)
        as_right(key, value, timestamp, headers, timestamp > observed - retention + 1)
        keep(key, value, timestamp)

    def as_right(key: Any, value: Any, timestamp: int, headers: Headers, itself: bool) -> None:
        for time, other in _found(rows, key, timestamp, windows.after, windows.before):
            if itself and time > timestamp:
                forward(key, join(key, value, value), timestamp, headers)
                itself = False
            forward(key, join(key, other, value), max(timestamp, time), headers)
        if itself:
            forward(key, join(key, value, value), timestamp, headers)

    return process, _nothing


def _found(rows: TimedRows, key: Any, timestamp: int, before: int, after: int) -> list[tuple[int, Any]]:
    """Time and value of what a record finds, oldest first."""
    found = rows.fetch(key, max(0, timestamp - before), max(0, timestamp + after))
    return [(time, value) for (time,), values, _ in found for value in values]


def _nothing(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
    """The second edge of the stream: the first has done it all."""
