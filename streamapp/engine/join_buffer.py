"""Records of a stream that wait for the rows of their time before they are joined.

A record waits until stream time is `grace` beyond its own, and leaves by time, then by key; one that comes later
than that does not wait (RocksDBTimeOrderedKeyValueBuffer). Stream time is that of the records that have waited.
Knows nothing of what joins them.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.node import StoreOptions
from streamapp.engine.operator import Context, Forward
from streamapp.engine.ordered import TIME, last_key_part, ordered
from streamapp.engine.packed import HEADERS, listed, packed
from streamapp.engine.records import Headers
from streamapp.engine.silence import on_silence
from streamapp.engine.specs import CodecFor, StoreSpec


def buffer_store(options: StoreOptions, codec_for: CodecFor) -> StoreSpec:
    """The records that wait, with their headers, by time and key; those that agree in both share a row."""
    key = ordered(TIME, last_key_part(codec_for(options.key, None)))
    return StoreSpec(options.name, "key-value", key, listed(packed(codec_for(options.value, None), HEADERS)))


def build_buffer(name: str, grace: int, context: Context, join: Forward) -> Forward:
    """Lets records wait in the store `name`, and hands those that have waited long enough to `join`."""
    store, times, journal = context.key_value_store(name), context.clock(name), context.journal
    get, put, find = store.get, store.put, store.range

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        observed = times[name]
        if timestamp < observed - grace:
            join(key, value, timestamp, headers)
            return
        row = get((timestamp, key))
        put((timestamp, key), ((value, headers),) if row is None else (*row[0], (value, headers)), timestamp)
        if timestamp > observed:
            journal.append((times, name, observed))
            times[name] = timestamp
            release(observed - grace, timestamp - grace)
        elif timestamp == observed - grace:
            release(timestamp, timestamp)

    def release(earliest: int, latest: int) -> None:
        """Joins all records from `earliest`, before which none waits any more, to `latest`."""
        for (waited, key), values, _ in list(find((earliest,), (latest + 1,))):
            for value, headers in values:
                join(key, value, waited, headers)
            put((waited, key), None, waited)

    on_silence(context, name, lambda now: release(0, now - grace))
    return process
