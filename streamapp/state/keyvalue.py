"""The last value of each key, with its timestamp (`streamapp.engine.store.KeyValueStore`).

Knows nothing of windows, disks or positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streamapp.dsl.format import Codec
from streamapp.engine.records import Change
from streamapp.engine.specs import StoreSpec
from streamapp.engine.store import Undo
from streamapp.state.layout import pack_row, prefix_end, successor
from streamapp.state.overlay import Found, overlay
from streamapp.state.query import Query, ScanRow
from streamapp.state.rows import Newest, Rows, Writes


class KeyValueStore:
    """One row per key, in the order of the encoded keys."""

    def __init__(self, spec: StoreSpec, committed: Rows, limit: int) -> None:
        self.name = spec.name
        self._encode, self._decode = spec.key.encode, spec.key.decode
        self._text_keys = _as_text(spec.key)
        self._committed = committed
        self._overlay = overlay(spec.name, committed, spec.value, limit)
        self._get, self._put = self._overlay.get, self._overlay.put

    def bind(self, journal: Undo) -> None:
        """From now on, note in `journal` what each `put` overwrites."""
        self._overlay.bind(journal)

    # -- the task's side -----------------------------------------------------------------------------------------------

    def get(self, key: Any) -> Found | None:
        """The value and its timestamp (ms), or None. A value of an immutable type is the stored one, else a copy."""
        return self._get(self._encode(key))

    def put(self, key: Any, value: Any, timestamp: int) -> None:
        """Sets the value; None deletes the key. Raises what the codecs raise."""
        self._put(self._encode(key), value, timestamp)

    def range(self, start: Any = None, end: Any = None, *, reverse: bool = False) -> Iterator[tuple[Any, Any, int]]:
        """Key, value, timestamp of start <= key <= end, in the order of the encoded keys or against it."""
        first = b"" if start is None else self._encode(start)
        last = None if end is None else successor(self._encode(end))
        for key, value, timestamp in self._overlay.scan(first, last, reverse=reverse):
            yield self._decode(key), value, timestamp

    # -- readers beside the task ---------------------------------------------------------------------------------------

    def peek(self, key: Any) -> Found | None:
        """The same as `get`, leaving no trace in memory."""
        return self._overlay.peek(self._encode(key))

    def scan(self, query: Query) -> Iterator[ScanRow]:
        """The rows a reader asks for, in the order of the encoded keys."""
        start, end = b"", None
        if query.prefix and self._text_keys:
            start = self._encode(query.prefix)
            end = prefix_end(start)
        if query.first is not None:
            start = max(start, self._encode(query.first))
        if query.last is not None:
            behind = successor(self._encode(query.last))
            end = behind if end is None else min(end, behind)
        if query.after is not None:
            start = max(start, successor(self._encode(query.after[0])))
        rows = self._overlay.scan(start, end)
        return query.wanted(ScanRow(self._decode(key), None, value, timestamp) for key, value, timestamp in rows)

    # -- commit and restore --------------------------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Nothing has been committed to it."""
        return self._committed.seek(b"") is None

    def changes(self) -> list[Change]:
        """What the changelog must be told; stays dirty."""
        return self._overlay.changes()

    def writes(self) -> Writes:
        """What a commit writes."""
        rows = (
            (key, None if value is None else pack_row(value, timestamp))
            for key, value, timestamp in self._overlay.changes()
        )
        return Writes(self.name, rows)

    def settle(self) -> None:
        """The commit has been written."""
        self._overlay.settle()

    def rollback(self) -> None:
        """Back to the last commit."""
        self._overlay.rollback()

    def row_key(self, key: bytes) -> bytes | None:
        """The key itself: any may be a row's."""
        return key

    def restored(self, newest: Newest) -> Writes:
        """What its log says of some keys; nothing may be dirty."""
        self._overlay.forget()
        return Writes(self.name, newest.items())


def _as_text(codec: Codec[Any]) -> bool:
    """Whether a prefix of a key's text is a prefix of its bytes."""
    try:
        return codec.encode("key") == b"key"
    except Exception:  # noqa: BLE001 - a codec of another type may raise anything
        return False
