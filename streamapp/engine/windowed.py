"""Aggregation of a stream per key and time window, tumbling or hopping.

A window takes records while `window end > stream time - grace` (KIP-633); what comes later is dropped and
counted, once for each window. Stream time is the stream's own: the highest timestamp it has brought here.
Records with a null key are dropped; a null value is handed to the aggregator, and counted, as Kafka Streams
does (KStreamWindowAggregate). No window begins before the epoch. Knows nothing of sessions or sliding
windows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.node import Aggregate
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.dsl.windows import TimeWindows, Windowed
from streamapp.engine.folding import Folding
from streamapp.engine.last_close import LastClose
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.silence import close_in_silence
from streamapp.engine.specs import CodecFor, StoreSpec


def windowed_stores(node: Aggregate | Cogroup, windows: TimeWindows, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row per key and window, kept at least until the window has closed."""
    options = node.store
    return (
        StoreSpec(
            options.name,
            "window",
            codec_for(options.key, None),
            codec_for(options.value, None),
            retention=kept(node, windows) + windows.advance,
            window_size=windows.size,
        ),
    )


def kept(node: Aggregate | Cogroup, windows: TimeWindows) -> int:
    """How long (ms, back from the start of the newest window) a window's row is there: it is removed later."""
    return max(node.store.retention or 0, windows.retention)


def build_windowed(
    windows: TimeWindows, retention: int, folding: Folding, context: Context, forward: Forward
) -> Forward:
    """Folds each value into its key's aggregate of every open window it is in, the earliest window first."""
    name, clock, shared = folding.store, folding.clock, folding.shared
    context.clock(name)
    times, journal = context.clock(clock), context.journal
    size, advance, grace = windows.size, windows.advance, windows.grace
    drop, count_late, late = folding.drop, folding.count_late, folding.late
    update = _updating(windows, retention, folding, context, forward)
    emit = _emitting(windows, name, context, forward) if folding.on_close else None

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None:
            drop()
            return
        observed = times[clock]
        if timestamp > observed:
            journal.append((times, clock, observed))
            times[clock] = observed = timestamp
            if shared and timestamp > times[name]:
                journal.append((times, name, times[name]))
                times[name] = timestamp
        earliest = timestamp - size + advance
        start = earliest - earliest % advance if earliest > 0 else 0
        closed = observed - grace
        missed = False
        while start <= timestamp:
            if start + size > closed:
                update(key, value, start, timestamp, headers)
            else:
                count_late()
                missed = True
            start += advance
        if missed and late is not None:
            late(key, value, timestamp, headers)
        if emit is not None:
            emit(closed, headers)

    for each in dict.fromkeys((clock, name)):
        close_in_silence(context, each, grace, emit if each == clock else None)
    return process


def _updating(
    windows: TimeWindows, retention: int, folding: Folding, context: Context, forward: Forward
) -> Callable[[Any, Any, int, int, Headers], None]:
    """Folds a value into the aggregate of one window."""
    name, shared, size, advance = folding.store, folding.shared, windows.size, windows.advance
    store, times = context.window_store(name), context.times
    get, put, initializer, add = store.get, store.put, folding.initializer, folding.add
    sends_old, forwards = folding.sends_old, not folding.on_close
    make = tuple.__new__  # half the time of calling Windowed

    def update(key: Any, value: Any, start: int, timestamp: int, headers: Headers) -> None:
        # Another stream may be so far ahead that the row has expired; a stream's own windows have closed by then.
        expired = shared and start <= times[name] - times[name] % advance - retention
        row = None if expired else get(key, start)
        if row is None:
            aggregate = initializer()
        else:
            aggregate, latest = row
            if latest > timestamp:
                timestamp = latest
        old = before(key, start, expired) if sends_old else None
        aggregate = add(key, aggregate, value)
        if not expired:
            put(key, start, aggregate, timestamp)
        if forwards:
            forward(make(Windowed, (key, start, start + size)), aggregate, old, timestamp, headers)

    def before(key: Any, start: int, expired: bool) -> Any:
        """The aggregate once more, as the author's function may change what it is given."""
        row = None if expired else get(key, start)
        return folding.before_all() if row is None else row[0]

    return update


def _emitting(windows: TimeWindows, name: str, context: Context, forward: Forward) -> Callable[[int, Headers], None]:
    """Passes on the windows that have closed, by their starts and then by key."""
    store, last = context.window_store(name), LastClose(context, name)
    size, advance = windows.size, windows.advance

    def emit(closed: int, headers: Headers) -> None:
        latest = closed - size
        if latest < 0 or not last.before(closed):
            return
        earliest = 0 if last.time is None else last.time - size + 1
        if latest - latest % advance < earliest:  # no window starts in between
            return
        last.move(closed)
        for key, start, value, timestamp in store.fetch_all(earliest, latest):
            forward(Windowed(key, start, start + size), value, None, timestamp, headers)

    return emit


def windowed_view(node: Aggregate | Cogroup, windows: TimeWindows, context: Context) -> View:
    """The aggregate of a windowed key; what has expired is not there."""
    name, retention, advance = node.store.name, kept(node, windows), windows.advance
    get, times = context.window_store(name).get, context.clock(name)

    def view(key: Windowed[Any]) -> tuple[Any, int] | None:
        newest = times[name] - times[name] % advance
        return get(key[0], key[1]) if key[1] > newest - retention else None

    return view
