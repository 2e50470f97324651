"""Aggregation of a stream per key and session: events of one key, each at most a gap from the next (KIP-94).

A record joins the sessions at most `gap` from it, and merges them: their rows are deleted, each with a null of its own
end as timestamp, and the aggregate starts from an empty one, is merged with each of them, oldest first, and takes the
record. A result's timestamp is the session's end. A record is dropped and counted when the session it would make has
closed: `end < stream time - grace - gap`. Null keys are dropped; a null value is handed to the aggregator
(KStreamSessionWindowAggregate). Knows nothing of how rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from streamapp.dsl.windows import Session, SessionWindows
from streamapp.engine.folding import Folding
from streamapp.engine.last_close import LastClose
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers
from streamapp.engine.silence import close_in_silence
from streamapp.engine.stream_time import StreamTime
from streamapp.engine.timed_rows import At
from streamapp.engine.windowed_rows import WindowRows

_Found: TypeAlias = tuple[At, Any, int]
"""End and start of a session, its aggregate and its end."""


def build_session(
    windows: SessionWindows, retention: int, folding: Folding, context: Context, forward: Forward
) -> Forward:
    """Folds each value into the session it makes, of itself and the sessions around it."""
    wait = windows.close_after
    observe = StreamTime(context, folding.clock).observe
    rows = WindowRows(context, folding.store, retention)
    sessions = _Sessions(windows.gap, rows, folding, forward)
    emit = None
    if folding.on_close:
        rows.keep_order()
        emit = _emitting(rows, LastClose(context, folding.store), forward)
    drop, count_late, late = folding.drop, folding.count_late, folding.late

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None:
            drop()
            return
        closed = observe(timestamp) - wait
        if not sessions.add(key, value, timestamp, headers, closed):
            count_late()
            if late is not None:
                late(key, value, timestamp, headers)
        if emit is not None:
            emit(closed, headers)

    context.expiring.append(rows.expire)
    close_in_silence(context, folding.clock, wait, emit)
    return process


class _Sessions:
    """The sessions of each key, and what a record does to them."""

    __slots__ = ("_folding", "_forward", "_gap", "_rows")

    def __init__(self, gap: int, rows: WindowRows, folding: Folding, forward: Forward) -> None:
        self._gap = gap
        self._rows = rows
        self._folding = folding
        self._forward = forward

    def add(self, key: Any, value: Any, timestamp: int, headers: Headers, closed: int) -> bool:
        """Adds a record, unless the session it would make ends before `closed` (ms): False then."""
        folding = self._folding
        start = end = timestamp
        latest = timestamp + self._gap
        merged = [row for row in self._rows.fetch(key, timestamp - self._gap) if row[0][1] <= latest]
        for (its_end, its_start), _, _ in merged:
            start, end = min(start, its_start), max(end, its_end)
        if end < closed:
            return False
        aggregate = folding.initializer()
        for _, other, _ in merged:
            aggregate = folding.merge(key, aggregate, other)
        old = None
        if start != end:
            self._delete(key, merged, headers)
        elif folding.cached and merged:  # a session of this very moment is overwritten, without a null
            old = self._rows.get(key, (end, start))
        aggregate = folding.add(key, aggregate, value)
        self._rows.put(key, (end, start), aggregate, end)
        if not folding.on_close:
            self._forward(Session(key, start, end), aggregate, old and old[0], end, headers)
        return True

    def _delete(self, key: Any, merged: list[_Found], headers: Headers) -> None:
        folding = self._folding
        for (end, start), aggregate, _ in merged:
            self._rows.put(key, (end, start), None, end)
            if not folding.on_close:
                old = aggregate if folding.sends_old else None
                self._forward(Session(key, start, end), None, old, end, headers)


def _emitting(rows: WindowRows, last: LastClose, forward: Forward) -> Callable[[int, Headers], None]:
    """Passes on the sessions that have closed, by their ends, their starts and then by key."""

    def emit(closed: int, headers: Headers) -> None:
        if closed < 1 or not last.before(closed):
            return
        earliest = last.time or 0
        last.move(closed)
        for key, (end, start), aggregate, timestamp in rows.between(earliest, closed - 1):
            forward(Session(key, start, end), aggregate, None, timestamp, headers)

    return emit
