"""Drops records whose id has passed within a span of time before or after them.

A record is a duplicate when one with the same id has passed whose timestamp is at most `within` ms from its own. Ids
are remembered for twice that, back from stream time; a record so old that this is not enough is dropped and counted as
late. Records without an id are dropped. Knows nothing of windows of other steps.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.nodes_windowed import Deduplicate
from streamapp.engine.operator import Context, Forward
from streamapp.engine.ordered import TIME, key_part, last_key_part, ordered
from streamapp.engine.packed import NOTHING
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.timed_rows import TimedRows, timed_stores


def deduplicate_stores(node: Deduplicate, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row for each id that has passed and its time, and an index by time."""
    key = codec_for(node.store.key, None)
    rows, index = ordered(key_part(key), TIME), ordered(TIME, last_key_part(key))
    return timed_stores(node.store.name, rows, index, NOTHING)


def build_deduplicate(node: Deduplicate, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on the first record of each id."""
    name, within = node.store.name, node.within
    times, journal = context.clock(name), context.journal
    rows = TimedRows(context, name, 2 * within + 1)
    context.expiring.append(rows.expire)
    identify, with_key = (None, False) if node.selector is None else (node.selector.call, node.selector.with_key)
    drop, count_late = context.counting(context.dropped, name), context.counting(context.late, name)
    late = context.late_edges.get(node)

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        identity = key
        if identify is not None:
            identity = identify(key, value) if with_key else identify(value)
        if identity is None:
            drop()
            return
        observed = times[name]
        if timestamp > observed:
            journal.append((times, name, observed))
            times[name] = observed = timestamp
        if timestamp < observed - within:
            count_late()
            if late is not None:
                late(key, value, timestamp, headers)
            return
        if not rows.fetch(identity, timestamp - within, timestamp + within):
            rows.put(identity, (timestamp,), b"", timestamp)
            forward(key, value, timestamp, headers)

    return (process,)
