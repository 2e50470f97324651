"""Records of a left or outer join of streams that have found no partner yet, and when they leave without one.

They leave by time, the right side's first, then by key, once stream time is beyond `time + after + grace` (left)
or `time + before + grace` (right). Knows nothing of what finds partners.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.format import Codec
from streamapp.dsl.nodes_join import StreamJoin
from streamapp.engine.operator import BEFORE_ALL, Context, Forward
from streamapp.engine.ordered import TIME, Part, last_key_part, ordered
from streamapp.engine.packed import listed, packed
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.table_join import Joiner

RIGHT, LEFT = 0, 1
"""The sides, as they sort."""

_FIRST, _SEARCHED = (BEFORE_ALL, 0, None), (BEFORE_ALL, 1, None)
"""Rows whose timestamps are where a search is worth while, and before which none finds anything; not clocks, which
only go forward."""


def unmatched_store(node: StreamJoin, codec_for: CodecFor) -> StoreSpec:
    """The records that wait, by time, side and key; those that agree in all share a row."""
    left, right = (listed(codec_for(options.value, None)) for options in (node.left, node.right))
    key = ordered(TIME, TIME, _optional(codec_for(node.left.key, None)))
    return StoreSpec(node.unmatched or "", "key-value", key, packed(right, left))


def _optional(codec: Codec[Any]) -> Part:
    """A key at the end, or none."""
    key = last_key_part(codec)

    def encode(value: Any) -> bytes:
        return b"\0" if value is None else b"\1" + key.encode(value)

    def split(data: bytes, at: int) -> tuple[Any, int]:
        return (None, at + 1) if data[at : at + 1] == b"\0" else key.split(data, at + 1)

    return Part(encode, split)


class Unmatched:
    """The records of one join that wait."""

    def __init__(self, node: StreamJoin, context: Context, join: Joiner, forward: Forward) -> None:
        store = context.key_value_store(node.unmatched or "")
        self._get, self._put, self._range = store.get, store.put, store.range
        self._grace = node.windows.grace
        self._prompt = node.windows.prompt
        self._waits = (node.windows.before + self._grace, node.windows.after + self._grace)
        """How long (ms) a record of each side waits."""
        self._join, self._forward = join, forward

    def add(self, time: int, side: int, key: Any, value: Any) -> None:
        """A record begins to wait."""
        row = self._get((time, side, key))
        before = () if row is None else row[0][side]
        values: list[Any] = [None, None]
        values[side] = (*before, value)
        self._put((time, side, key), tuple(values), time)
        first = self._time(_FIRST)
        if first == BEFORE_ALL or time < first:
            self._set(_FIRST, time)

    def matched(self, time: int, side: int, key: Any) -> None:
        """Records have found a partner, and wait no longer."""
        if self._get((time, side, key)) is not None:
            self._put((time, side, key), None, time)

    def emit(self, now: int, after: int, headers: Headers) -> None:
        """Passes on the records that wait in vain at stream time `now`, with None for their partner.

        Not before the first that may wait is out of a window that ends `after` ms later.
        """
        first = self._time(_FIRST)
        if first == BEFORE_ALL or first + after + self._grace >= now:
            return
        gone, last = self._search(now)
        self._set(_FIRST, last)
        self._set(_SEARCHED, now - max(self._waits))
        for (time, side, key), values in gone:
            for value in values[side]:
                left, right = (value, None) if side == LEFT else (None, value)
                self._forward(key, self._join(key, left, right), time, headers)
            self._put((time, side, key), None, time)

    def _search(self, now: int) -> tuple[list[tuple[Any, Any]], int]:
        """The rows that wait in vain, and the time of the last row looked at.

        The search ends with the row after the first of each side that may still wait, and the next one begins to be
        worth while there; so some leave later than they could (`minTime` in KStreamKStreamJoin). Prompt: at the first
        that still waits.
        """
        gone: list[tuple[Any, Any]] = []
        waiting = [False, False]
        last = first = BEFORE_ALL
        for place, values, _ in self._range((max(self._time(_SEARCHED), 0),)):
            last, side, _ = place
            if all(waiting):
                break
            if last + self._waits[side] < now:
                gone.append((place, values))
                continue
            waiting[side] = True
            first = last if first == BEFORE_ALL else first
            if all(waiting) and len(values[side]) > 1:  # the second value of the row is where the search ends
                break
        return gone, first if self._prompt and any(waiting) else last

    def _time(self, row: tuple[int, int, None]) -> int:
        found = self._get(row)
        return BEFORE_ALL if found is None else found[1]

    def _set(self, row: tuple[int, int, None], time: int) -> None:
        self._put(row, (None, None), time)
