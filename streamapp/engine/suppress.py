"""A table's changes held back: until a time limit, until windows close, or until there are too many (KIP-328).

What is held back of a key keeps the place of its first change and is passed on, as the last, when stream time has
reached that place; the oldest first, then by key. A change goes out with the timestamp and headers of its own record
and the old value it came with. Stream time is the latest timestamp that came here, that of the change in process
included. Until windows close, deletions are dropped: nothing of the window has gone out before
(KTableSuppressProcessor). Knows nothing of how windows are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamapp.dsl.nodes_windowed import Suppress
from streamapp.dsl.suppression import UntilWindowCloses
from streamapp.engine.operator import BEFORE_ALL, Context, Forward, View
from streamapp.engine.ordered import TIME, last_key_part, ordered
from streamapp.engine.packed import HEADERS, INTEGER, NOTHING, packed
from streamapp.engine.records import Headers
from streamapp.engine.silence import on_silence
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.errors import BufferFullError

_UNKNOWN_TIME = -1
"""The timestamp of a value that was there before the first change that is held back."""


def suppress_stores(node: Suppress, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """What is held back of each key, and an index by time."""
    key, value = codec_for(node.key, None), codec_for(node.value, None)
    held = packed(INTEGER, value, value, value, HEADERS)
    return (
        StoreSpec(node.store.name, "key-value", key, held),
        StoreSpec(_index_of(node), "key-value", ordered(TIME, last_key_part(key)), NOTHING),
    )


def _index_of(node: Suppress) -> str:
    return f"{node.name}-times"


class _Buffer:
    """What is held back: `(place, new, old, value before the first change, headers)` and a timestamp for each key."""

    __slots__ = ("_count", "_find", "_index", "_journal", "_next", "_put", "_times", "get")

    def __init__(self, node: Suppress, context: Context) -> None:
        held, index = context.key_value_store(node.store.name), context.key_value_store(_index_of(node))
        self.get, self._put = held.get, held.put
        self._find, self._index = index.range, index.put
        self._next = f"{node.name}:next"
        self._count = f"{node.name}:count" if node.until.max_records is not None else None
        self._times = context.clock(self._next)
        if self._count is not None:
            context.clock(self._count)
        self._journal = context.journal

    def _set(self, name: str, value: int) -> None:
        self._journal.append((self._times, name, self._times[name]))
        self._times[name] = value

    def more_than(self, most: int | None) -> bool:
        """Whether more keys than `most` are held back."""
        return self._count is not None and most is not None and self._times[self._count] > most

    def hold(self, place: int, key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        """Holds a change back, in the place of an earlier one of its key if there is one."""
        row = self.get(key)
        if row is not None:
            (place, _, _, prior, _), _ = row
        else:
            prior = old
            self._index((place, key), b"", timestamp)
            self._add(1)
            if place < self._times[self._next]:
                self._set(self._next, place)
        self._put(key, (place, new, old, prior, headers), timestamp)

    def _add(self, keys: int) -> None:
        if self._count is not None:
            before = self._times[self._count]
            self._set(self._count, keys if before == BEFORE_ALL else before + keys)

    def due(self, until: int) -> Iterator[tuple[int, Any]]:
        """Place and key of what has its place at `until` or before, the oldest first; all of it is to be taken out."""
        if self._times[self._next] > until:
            return
        for (place, key), _, _ in self._find((self._times[self._next],), (until + 1,)):
            if place <= until:  # an empty key at until + 1 is in the range too
                yield place, key
        self._set(self._next, until + 1)

    def oldest(self) -> tuple[int, Any]:
        """Place and key of the oldest; something must be held back."""
        low, width = self._times[self._next], 1
        while True:
            for (place, key), _, _ in self._find((low,), (low + width,)):
                self._set(self._next, place)
                return place, key
            low, width = low + width, 4 * width

    def take_out(self, place: int, key: Any) -> None:
        """Holds back nothing of the key any more."""
        self._put(key, None, place)
        self._index((place, key), None, place)
        self._add(-1)


def build_suppress(node: Suppress, context: Context, forward: Forward) -> tuple[Forward]:
    """Holds each change back, then passes on what is due, and what is too much."""
    buffer, until, wait = _Buffer(node, context), node.until, node.wait
    name, most = str(node.name), until.max_records
    times, journal = context.clock(name), context.journal
    closing = isinstance(until, UntilWindowCloses)
    shuts_down = isinstance(until, UntilWindowCloses) or until.when_full == "shut_down"

    def process(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        observed = times[name]
        if timestamp > observed:
            journal.append((times, name, observed))
            times[name] = observed = timestamp
        buffer.hold(key.end if closing else timestamp, key, new, old, timestamp, headers)
        pass_on(observed)
        while buffer.more_than(most):
            if shuts_down:
                raise BufferFullError(_full(node))
            release(*buffer.oldest())

    def pass_on(now: int) -> None:
        for place, due in buffer.due(now - wait):
            release(place, due)

    def release(place: int, key: Any) -> None:
        row = buffer.get(key)
        assert row is not None  # noqa: S101 - tells mypy: the index names what is held back
        (_, new, old, _, headers), timestamp = row
        if new is not None or not closing:
            forward(key, new, old, timestamp, headers)
        buffer.take_out(place, key)

    on_silence(context, name, pass_on)
    return (process,)


def _full(node: Suppress) -> str:
    return (
        f"suppress {node.name!r} at {node.place}: more than max_records={node.until.max_records} keys are held "
        "back: give it more, leave max_records out, or let a time limit emit early"
    )


def suppress_view(node: Suppress, context: Context) -> View:
    """The row as far as it has gone out: of a key that is held back, what it was before."""
    buffer, before = _Buffer(node, context), context.view(node.parents[0])

    def view(key: Any) -> tuple[Any, int] | None:
        row = buffer.get(key)
        if row is None:
            return before(key)
        prior = row[0][3]
        return None if prior is None else (prior, _UNKNOWN_TIME)

    return view
