"""Aggregation of a stream per key and time window, tumbling or hopping.

A window takes records while `window end > stream time - grace` (KIP-633); what comes later is dropped and
counted, once for each window. Stream time is this operator's own: the highest timestamp it has been given.
Records with a null key are dropped; a null value is handed to the aggregator, and counted, as Kafka Streams
does (KStreamWindowAggregate). No window begins before the epoch. Knows nothing of sessions or sliding
windows.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.node import Aggregate
from streamapp.dsl.windows import TimeWindows, Windowed
from streamapp.engine.aggregate import folding
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec


def windowed_stores(node: Aggregate, windows: TimeWindows, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row per key and window, kept at least until the window has closed."""
    options = node.store
    return (
        StoreSpec(
            options.name,
            "window",
            codec_for(options.key, None),
            codec_for(options.value, None),
            retention=max(options.retention or 0, windows.retention),
            window_size=windows.size,
        ),
    )


def build_windowed(node: Aggregate, windows: TimeWindows, context: Context, forward: Forward) -> tuple[Forward]:
    """Folds each value into its key's aggregate of every open window it is in, the earliest window first."""
    name = node.store.name
    store, times, journal = context.window_store(name), context.clock(name), context.journal
    get, put = store.get, store.put
    size, advance, grace = windows.size, windows.advance, windows.grace
    initializer, fold = node.initializer, folding(node)
    make = tuple.__new__  # half the time of calling Windowed
    drop, count_late = context.counting(context.dropped, name), context.counting(context.late, name)

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if key is None:
            drop()
            return
        observed = times[name]
        if timestamp > observed:
            journal.append((times, name, observed))
            times[name] = observed = timestamp
        earliest = timestamp - size + advance
        start = earliest - earliest % advance if earliest > 0 else 0
        closed = observed - grace
        while start <= timestamp:
            if start + size > closed:
                update(key, value, start, timestamp, headers)
            else:
                count_late()
            start += advance

    def update(key: Any, value: Any, start: int, timestamp: int, headers: Headers) -> None:
        row = get(key, start)
        if row is None:
            old = initializer()
        else:
            old, latest = row
            if latest > timestamp:
                timestamp = latest
        new = fold(key, old, value)
        put(key, start, new, timestamp)
        forward(make(Windowed, (key, start, start + size)), new, old, timestamp, headers)

    return (process,)


def windowed_view(node: Aggregate, context: Context) -> View:
    """The aggregate of a windowed key."""
    get = context.window_store(node.store.name).get

    def view(key: Windowed[Any]) -> tuple[Any, int] | None:
        return get(key.key, key.start)

    return view
