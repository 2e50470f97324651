"""Rows of a table that go by themselves when they are old: a time to live.

The time of the table is the highest timestamp it has been given. When a record moves it on, the rows whose timestamp
is older than it less the time to live are deleted first, the oldest first and those of one time in the order of their
keys' bytes, and passed on as deletions that bear the table's new time. A record that is as old itself is late: it is
dropped and counted. An index by time stands beside the rows; a time before which it has nothing is kept as a clock, so
that it is looked at only when a row may be due. Knows nothing of the operators whose rows these are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from streamapp.dsl.node import Node, StoreOptions
from streamapp.engine.operator import Context, Forward
from streamapp.engine.ordered import TIME, last_key_part, ordered
from streamapp.engine.packed import NOTHING
from streamapp.engine.records import Headers
from streamapp.engine.silence import on_silence
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.store import Undo
from streamapp.engine.stream_time import StreamTime
from streamapp.engine.timed_rows import index_of

Found = tuple[Any, int]
"""A value and its timestamp (ms)."""

_AHEAD = 8
"""The index is looked through this part of the time to live ahead: new rows, of which there are many, are behind it."""


def time_to_live(node: Node) -> int | None:
    """How long (ms, back from its table's time) a row of the node's table lives; None: for ever."""
    store = getattr(node, "store", None)
    return store.ttl if isinstance(store, StoreOptions) else None


def index_stores(node: Any, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The index of rows by time, where they go by themselves."""
    if time_to_live(node) is None:
        return ()
    topic = getattr(node, "topic", None)
    key = codec_for(node.store.key, topic.key_format if topic else None)
    return (StoreSpec(index_of(node.store.name), "key-value", ordered(TIME, last_key_part(key)), NOTHING),)


class MortalRows:
    """The rows of a table that go by themselves, as its operator sees them (`streamapp.engine.store.KeyValueStore`)."""

    def __init__(self, context: Context, name: str, ttl: int) -> None:
        rows, index = context.key_value_store(name), context.key_value_store(index_of(name))
        self.name = name
        self.get, self.range, self._put = rows.get, rows.range, rows.put
        self._stores, self._note, self._find = (rows, index), index.put, index.range
        self._first, self._ahead = f"{name}:first", max(1, ttl // _AHEAD)
        self._times, self._journal = context.clock(self._first), context.journal

    def bind(self, journal: Undo) -> None:
        """From now on, note in `journal` what each `put` overwrites."""
        for store in self._stores:
            store.bind(journal)

    def put(self, key: Any, value: Any, timestamp: int) -> None:
        """Sets the value; None deletes the key."""
        row = self.get(key)
        if row is not None and (value is None or row[1] != timestamp):
            self._note((row[1], key), None, row[1])
        self._put(key, value, timestamp)
        if value is not None and (row is None or row[1] != timestamp):
            self._note((timestamp, key), b"", timestamp)
            if timestamp < self._times[self._first]:
                self._set_first(timestamp)

    def older(self, horizon: int) -> Iterator[tuple[Any, Found]]:
        """Takes away the rows with a timestamp before `horizon` (ms), oldest first, and gives each."""
        first, ahead = self._times[self._first], horizon + self._ahead
        if first >= horizon:
            return
        due = [entry for entry, _, _ in self._find((first,), (horizon,)) if entry[0] < horizon]
        self._set_first(next((entry[0] for entry, _, _ in self._find((horizon,), (ahead,))), ahead))
        for _, key in due:
            row = self.get(key)
            if row is not None:
                self.put(key, None, row[1])
                yield key, row

    def _set_first(self, time: int) -> None:
        self._journal.append((self._times, self._first, self._times[self._first]))
        self._times[self._first] = time


def mortal(
    node: Node, ttl: int, rows: MortalRows, inputs: Sequence[Forward], context: Context, forward: Forward
) -> tuple[Forward, ...]:
    """The `inputs` of a node's operator, before which rows of its table go that are too old."""
    time, sends_old = StreamTime(context, rows.name), context.sends_old(node)
    count_late = context.counting(context.late, rows.name)

    def before(apply: Forward) -> Forward:
        def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
            if key is None:  # to be dropped, whatever time it bears
                apply(key, value, timestamp, headers)
                return
            now = time.observe(timestamp)
            if timestamp < now - ttl:
                count_late()
                return
            forget(now)
            apply(key, value, timestamp, headers)

        return process

    def forget(now: int) -> None:
        for key, (old, _) in rows.older(now - ttl):
            forward(key, None, old if sends_old else None, now, ())

    on_silence(context, rows.name, forget)
    return tuple(before(apply) for apply in inputs)
