"""Two streams joined by key within a window of time: inner, left and outer.

Each record looks for the other side's records near in time, gives a result for each, and is kept for those that
come later. Records that find none wait, if their side needs no partner, until stream time is more than the grace
beyond their window, and leave before the matches of the record that moved the time. Both sides share the stream
time (KStreamKStreamJoin). Knows nothing of tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamapp.dsl.nodes_join import StreamJoin
from streamapp.engine.join_rows import keeping, window_stores
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers
from streamapp.engine.self_join import build_self_join
from streamapp.engine.silence import on_silence
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.table_join import Joiner, joining
from streamapp.engine.timed_rows import TimedRows
from streamapp.engine.unmatched import LEFT, RIGHT, Unmatched, unmatched_store


def stream_join_stores(node: StreamJoin, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The records of both sides by key and time, and those that wait for a partner."""
    left, right = (window_stores(options, codec_for) for options in (node.left, node.right))
    if node.single_store:
        return left
    if node.how == "inner":
        return left + right
    return (*left, *right, unmatched_store(node, codec_for))


@dataclass(frozen=True, slots=True)
class _Side:
    """What a record of one side needs to know."""

    side: int
    own: str
    """The store of this side's records, and the clock they expire by."""
    rows: TimedRows
    others: TimedRows
    before: int
    after: int
    join: Joiner
    """Key, this side's value, the other side's."""
    alone: bool
    """A record of this side gives a result without a partner."""


def build_stream_join(node: StreamJoin, context: Context, forward: Forward) -> tuple[Forward, Forward]:
    """Passes on what the joiner makes of each record and those it finds on the other side."""
    if node.single_store:
        return build_self_join(node, context, forward)
    windows = node.windows
    retention = windows.size + windows.grace
    left, right = (TimedRows(context, options.name, retention) for options in (node.left, node.right))
    join = joining(node.joiner)
    unmatched = None if node.how == "inner" else Unmatched(node, context, join, forward)
    sides = (
        _Side(LEFT, node.left.name, left, right, windows.before, windows.after, join, node.how != "inner"),
        _Side(
            RIGHT,
            node.right.name,
            right,
            left,
            windows.after,
            windows.before,
            lambda key, value, other: join(key, other, value),
            node.how == "outer",
        ),
    )
    first, second = (_build_side(side, node, unmatched, context, forward) for side in sides)

    def silent(now: int) -> None:
        if unmatched is not None:
            unmatched.emit(now, min(windows.before, windows.after), ())

    on_silence(context, node.name or "", silent)
    return first, second


def _build_side(
    side: _Side, node: StreamJoin, unmatched: Unmatched | None, context: Context, forward: Forward
) -> Forward:
    name = node.name or ""
    times, journal, drop = context.clock(name), context.journal, context.counting(context.dropped, name)
    join, alone, after = side.join, side.alone, side.after
    looked = min(side.before, after) if node.windows.prompt else after
    keep = keeping(side.rows, side.own, context)
    match = _matching(side, unmatched, forward)

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        observed = times[name]
        if timestamp > observed:
            journal.append((times, name, observed))
            times[name] = observed = timestamp
        if key is None or value is None:
            if alone and value is not None:
                forward(key, join(key, value, None), timestamp, headers)
            else:
                drop()
            return
        if unmatched is not None and timestamp == observed:
            unmatched.emit(observed, looked, headers)
        if not match(key, value, timestamp, headers) and alone:
            wait_or_leave(key, value, timestamp, headers, observed)
        keep(key, value, timestamp)

    def wait_or_leave(key: Any, value: Any, timestamp: int, headers: Headers, observed: int) -> None:
        """A record whose window is over already does not wait for partners."""
        if unmatched is None or timestamp + after < observed:
            forward(key, join(key, value, None), timestamp, headers)
        else:
            unmatched.add(timestamp, side.side, key, value)

    return process


def _matching(side: _Side, unmatched: Unmatched | None, forward: Forward) -> Callable[[Any, Any, int, Headers], bool]:
    """Joins a record with all it finds, in the order of their times; tells whether it found any."""
    fetch, join, before, after, other_side = side.others.fetch, side.join, side.before, side.after, 1 - side.side

    def match(key: Any, value: Any, timestamp: int, headers: Headers) -> bool:
        found = fetch(key, max(0, timestamp - before), max(0, timestamp + after))
        for (time,), values, _ in found:
            if unmatched is not None:
                unmatched.matched(time, other_side, key)
            for other in values:
                forward(key, join(key, value, other), max(timestamp, time), headers)
        return bool(found)

    return match
