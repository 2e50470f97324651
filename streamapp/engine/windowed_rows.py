"""The stores of sliding windows and sessions: rows by key and window, and an index by time.

Knows nothing of how the windows come about.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.format import Codec
from streamapp.dsl.node import Aggregate
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.dsl.windows import Session, SessionWindows, SlidingWindows, Windowed
from streamapp.engine.operator import Context, View
from streamapp.engine.ordered import TIME, key_part, last_key_part, ordered
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.timed_rows import At, TimedRows, timed_stores


def windowed_row_stores(
    node: Aggregate | Cogroup, windows: SlidingWindows | SessionWindows, codec_for: CodecFor
) -> tuple[StoreSpec, ...]:
    """One row per key and window, and an index: sliding windows by start, sessions by end and start."""
    options = node.store
    key, value = codec_for(options.key, None), codec_for(options.value, None)
    if isinstance(windows, SessionWindows):
        return timed_stores(options.name, session_rows(key), ordered(TIME, TIME, last_key_part(key)), value, times=2)
    return timed_stores(options.name, sliding_rows(key, windows.size), ordered(TIME, last_key_part(key)), value)


def sliding_rows(key: Codec[Any], size: int) -> Codec[Any]:
    """Rows by key and start, which come back as windowed keys; either form can be looked up."""
    codec = ordered(key_part(key), TIME)

    def encode(row: tuple[Any, ...]) -> bytes:
        return codec.encode(row[:2])

    def decode(data: bytes) -> Windowed[Any]:
        inner, start = codec.decode(data)
        return Windowed(inner, start, start + size)

    return Codec(encode=encode, decode=decode, immutable=True)


def session_rows(key: Codec[Any]) -> Codec[Any]:
    """Rows by key, end and start, which come back as the keys of sessions; either form can be looked up."""
    codec = ordered(key_part(key), TIME, TIME)

    def encode(row: tuple[Any, ...]) -> bytes:
        return codec.encode((row[0], row[2], row[1]) if type(row) is Session else row)

    def decode(data: bytes) -> Session[Any]:
        inner, end, start = codec.decode(data)
        return Session(inner, start, end)

    return Codec(encode=encode, decode=decode, immutable=True)


class WindowRows(TimedRows):
    """Rows of windows: they expire by the latest time of a window that was ever put (Kafka Streams' stores do so)."""

    def __init__(self, context: Context, name: str, retention: int) -> None:
        super().__init__(context, name, retention, f"{name}:latest")

    def put(self, key: Any, at: At, value: Any, timestamp: int) -> None:
        """Sets a row; None deletes it. Does nothing for one that has expired."""
        latest = self._times[self._clock]
        if at[0] > latest:
            self._journal.append((self._times, self._clock, latest))
            self._times[self._clock] = at[0]
        super().put(key, at, value, timestamp)


def windowed_row_view(node: Aggregate | Cogroup, windows: SlidingWindows | SessionWindows, context: Context) -> View:
    """The aggregate of a windowed key; what has expired is not there."""
    rows = WindowRows(context, node.store.name, kept(node, windows))
    is_session = isinstance(windows, SessionWindows)

    def view(key: Windowed[Any]) -> tuple[Any, int] | None:
        at = (key[2], key[1]) if is_session else (key[1],)
        return None if rows.hidden(at[0]) else rows.get(key[0], at)

    return view


def kept(node: Aggregate | Cogroup, windows: SlidingWindows | SessionWindows) -> int:
    """How long (ms, back from the latest window) a row is kept: 1 ms more where it goes out when it has closed."""
    on_close = isinstance(node, Aggregate) and node.emit == "close"
    return max(node.store.retention or 0, windows.retention + on_close)
