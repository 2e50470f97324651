"""The records of a stream that are kept for those they may be joined with, by key and time.

Knows nothing of joins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.node import StoreOptions
from streamapp.engine.operator import Context
from streamapp.engine.ordered import TIME, key_part, last_key_part, ordered
from streamapp.engine.packed import listed
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.timed_rows import TimedRows, timed_stores


def window_stores(options: StoreOptions, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The records by key and time, and their index by time; those that agree in both share a row."""
    key, value = codec_for(options.key, None), codec_for(options.value, None)
    rows, index = ordered(key_part(key), TIME), ordered(TIME, last_key_part(key))
    return timed_stores(options.name, rows, index, listed(value))


def keeping(rows: TimedRows, name: str, context: Context) -> Callable[[Any, Any, int], None]:
    """Keeps a record of this key, value and time in `rows`, which expire by the clock `name`."""
    times, journal = context.clock(name), context.journal
    get, put = rows.get, rows.put
    context.expiring.append(rows.expire)

    def keep(key: Any, value: Any, timestamp: int) -> None:
        if timestamp > times[name]:
            journal.append((times, name, times[name]))
            times[name] = timestamp
        row = get(key, (timestamp,))
        put(key, (timestamp,), (value,) if row is None else (*row[0], value), timestamp)

    return keep
