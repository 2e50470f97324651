"""Aggregation of a stream per key and sliding window: one window for each set of events close in time (KIP-450).

An event's left window ends with it, its right window begins 1 ms after it, and both ends are inclusive. An event goes
into every window that spans it. Its left window begins with what the window before holds, its right window with what
later events have left in the windows that span it. Events earlier than the time difference share the window that
starts at 0, since none begins before the epoch. A window takes records while `window end >= stream time - grace`; a
record that could enter none is dropped and counted. Null keys and null values are dropped
(KStreamSlidingWindowAggregate). Knows nothing of how rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from streamapp.dsl.windows import SlidingWindows, Windowed
from streamapp.engine.folding import Folding
from streamapp.engine.last_close import LastClose
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers
from streamapp.engine.silence import close_in_silence
from streamapp.engine.stream_time import StreamTime
from streamapp.engine.windowed_rows import WindowRows

_Found: TypeAlias = tuple[Windowed[Any], Any, int]
"""A window, its aggregate and the latest time of its events."""


class _Event(NamedTuple):
    """The record in process; `closed`: windows that end before it (ms) take no more."""

    key: Any
    value: Any
    timestamp: int
    headers: Headers
    closed: int


def build_sliding(
    windows: SlidingWindows, retention: int, folding: Folding, context: Context, forward: Forward
) -> Forward:
    """Folds each value into the windows it is in, and makes those that begin or end with it."""
    size, grace = windows.size, windows.grace
    observe = StreamTime(context, folding.clock).observe
    rows = WindowRows(context, folding.store, retention)
    sets = _Sets(size, rows, folding, forward)
    emit = None
    if folding.on_close:
        rows.keep_order()
        emit = _emitting(size, rows, LastClose(context, folding.store), forward)
    drop, count_late, late = folding.drop, folding.count_late, folding.late

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None or value is None:
            drop()
            return
        closed = observe(timestamp) - grace
        if timestamp + size < closed:
            count_late()
            missed = True
        elif timestamp < size:
            missed = sets.add_early(_Event(key, value, timestamp, headers, closed))
        else:
            missed = sets.add(_Event(key, value, timestamp, headers, closed))
            if emit is not None:
                emit(closed, headers)
        if missed and late is not None:
            late(key, value, timestamp, headers)

    context.expiring.append(rows.expire)
    close_in_silence(context, folding.clock, grace, emit)
    return process


def _emitting(size: int, rows: WindowRows, last: LastClose, forward: Forward) -> Callable[[int, Headers], None]:
    """Passes on the windows that have closed, by their starts and then by key."""

    def emit(closed: int, headers: Headers) -> None:
        latest = closed - size - 1
        if latest < 0 or not last.before(closed):
            return
        earliest = 0 if last.time is None else max(0, last.time - size)
        last.move(closed)
        for key, (start,), aggregate, timestamp in rows.between(earliest, latest):
            forward(Windowed(key, start, start + size), aggregate, None, timestamp, headers)

    return emit


class _Sets:
    """The windows of each key, and what an event does to them. What adds an event says if a window was closed to it."""

    __slots__ = ("_folding", "_forward", "_missed", "_rows", "_size")

    def __init__(self, size: int, rows: WindowRows, folding: Folding, forward: Forward) -> None:
        self._size = size
        self._rows = rows
        self._folding = folding
        self._forward = forward
        self._missed = False

    def add(self, event: _Event) -> bool:
        """Adds an event whose left window does not begin before the epoch."""
        self._missed = False
        time, size = event.timestamp, self._size
        found = self._found(event.key, max(0, time - 2 * size), time + 1)
        starts = {window.start for window, _, _ in found}
        spanning = [row for row in found if row[0].start <= time < row[0].end]
        ending = next((row for row in found if row[0].end == time), None)
        for window, _, _ in reversed(spanning):
            self._update(event, window.start)
        if ending is not None:
            self._update(event, time - size)
            if ending[2] >= time:  # there was an event of this time already, which made all windows
                return self._missed
        before = next((row for row in reversed(found) if row[0].end < time), ending)
        if before is not None and before[2] + 1 not in starts and before[2] + 1 + size >= time:
            self._begin(event, before[2] + 1)
        if ending is None:
            self._make_left(event, before)
        if spanning and time + 1 not in starts:
            self._make_right(event, spanning[-1])
        return self._missed

    def add_early(self, event: _Event) -> bool:
        """Adds an event whose left window would begin before the epoch, and so begins at it."""
        self._missed = False
        time = event.timestamp
        found = self._found(event.key, 0, time + 1)
        starts = {window.start for window, _, _ in found}
        first = next((row for row in found if row[0].start == 0), None)
        spanning = [row for row in found if 0 < row[0].start <= time]
        for window, _, _ in spanning:
            self._update(event, window.start)
        later = spanning[-1] if spanning else first
        if later is not None and time + 1 not in starts:
            self._make_right(event, later)
        if first is not None and first[2] < time and first[2] + 1 not in starts:
            self._begin(event, first[2] + 1)
        if first is None:
            self._begin(event, 0)
        else:
            self._update(event, 0)
        return self._missed

    def _found(self, key: Any, earliest: int, latest: int) -> list[_Found]:
        """The windows of a key that start from `earliest` to `latest` (ms)."""
        size, rows = self._size, self._rows.fetch(key, earliest, latest)
        return [(Windowed(key, start, start + size), value, timestamp) for (start,), value, timestamp in rows]

    def _make_left(self, event: _Event, before: _Found | None) -> None:
        """The window that ends with the event: with what is in the window before, if that is near enough."""
        start = event.timestamp - self._size
        if before is None or before[2] < start:
            self._begin(event, start)
            return
        again = start if self._folding.cached else before[0].start
        self._fold(event, start, before[1], event.timestamp, lambda: self._row(event.key, again)[0])

    def _make_right(self, event: _Event, spanning: _Found) -> None:
        """The window that begins behind the event: with what later events have left in a window that spans it."""
        _, aggregate, latest = spanning
        if latest <= event.timestamp:
            return
        start = event.timestamp + 1
        self._rows.put(event.key, (start,), aggregate, latest)
        if not self._folding.on_close:
            self._forward(Windowed(event.key, start, start + self._size), aggregate, None, latest, event.headers)

    def _begin(self, event: _Event, start: int) -> None:
        """A window with nothing in it yet."""
        folding = self._folding
        self._fold(event, start, folding.initializer(), event.timestamp, folding.before_all)

    def _update(self, event: _Event, start: int) -> None:
        """A window that is there."""
        aggregate, latest = self._row(event.key, start)
        self._fold(event, start, aggregate, latest, lambda: self._row(event.key, start)[0])

    def _row(self, key: Any, start: int) -> tuple[Any, int]:
        row = self._rows.get(key, (start,))
        return (None, 0) if row is None else row

    def _fold(self, event: _Event, start: int, aggregate: Any, latest: int, again: Callable[[], Any]) -> None:
        """Adds the event to a window's aggregate; `again` gives that once more, as the author may change it."""
        folding, end = self._folding, start + self._size
        if end < event.closed:
            folding.count_late()
            self._missed = True
            return
        timestamp = event.timestamp if aggregate is None else max(event.timestamp, latest)
        old = again() if folding.sends_old else None
        aggregate = folding.add(event.key, aggregate, event.value)
        self._rows.put(event.key, (start,), aggregate, timestamp)
        if not folding.on_close:
            self._forward(Windowed(event.key, start, end), aggregate, old, timestamp, event.headers)
