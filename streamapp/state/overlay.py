"""Decoded rows in front of a store's bytes: what the hot path reads and writes between two commits.

Keys are the row's bytes, because equal Python keys need not be one row (1, 1.0 and True have different bytes) and
equal rows need not be one Python key. A deleted row is remembered as None until the commit, and a row that is not
there is remembered the same way. Knows nothing of keys' types, windows or positions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any, TypeAlias

from streamapp.dsl.format import Codec
from streamapp.engine.store import MISSING, Undo
from streamapp.state.layout import NUMBER, unpack_timestamp
from streamapp.state.order import SortedKeys
from streamapp.state.rows import Rows
from streamapp.state.trouble import unreadable

Found: TypeAlias = tuple[Any, int]
"""A value and its timestamp (ms)."""

Pending: TypeAlias = tuple[bytes | None, int] | None
"""What a dirty row will be at the commit: encoded value (None: deleted) and timestamp; None: not encoded yet."""


class Overlay:
    """Rows of one store whose values cannot be changed by whoever is given one.

    Values that may fail to be encoded are encoded when they are put. After a commit at most `limit` rows are kept;
    what has been kept longest goes first. Dirty rows are always kept.
    """

    def __init__(self, store: str, committed: Rows, codec: Codec[Any], limit: int) -> None:
        self._store = store
        self._committed = committed
        self._encode, self._decode, self._total = codec.encode, codec.decode, codec.total
        self._limit = limit
        self._rows: dict[bytes, Found | None] = {}
        self._dirty: dict[bytes, Pending] = {}
        self._order = SortedKeys(self._dirty)
        self._note: Callable[[tuple[Any, Any, Any]], None] = _forget

    def bind(self, journal: Undo) -> None:
        """Notes in `journal` what puts overwrite from now on."""
        self._note = journal.append

    # -- one row -----------------------------------------------------------------------------------------------------

    def get(self, key: bytes) -> Found | None:
        """Value and timestamp of a row, or None."""
        try:
            return self._rows[key]
        except KeyError:
            found = self._rows[key] = self._load(key)
            return found

    def put(self, key: bytes, value: Any, timestamp: int) -> None:
        """Sets a row; None deletes it. Raises what the codec raises, having changed nothing."""
        pending: Pending = None
        if type(value) is not self._total:
            pending = (None if value is None else self._encode(value), timestamp)
        rows, dirty, note = self._rows, self._dirty, self._note
        before = dirty.get(key, MISSING)
        if before is MISSING:
            self._order.add(key)
        if before is not None or pending is not None:
            note((dirty, key, before))
            dirty[key] = pending
        note((rows, key, rows.get(key, MISSING)))
        rows[key] = None if value is None else (value, timestamp)

    def peek(self, key: bytes) -> Found | None:
        """The same as `get`, without keeping what was loaded: for readers beside the task."""
        return self._found(key)

    def load(self, start: bytes, end: bytes) -> list[bytes]:
        """The keys of committed rows with start <= key < end that have not been deleted since; keeps the rows."""
        rows, keys = self._rows, []
        for key, row in self._committed.scan(start, end):
            if rows.get(key, MISSING) is MISSING:
                rows[key] = self._decoded(row)
            if rows[key] is not None:
                keys.append(key)
        return keys

    @property
    def dirty(self) -> Collection[bytes]:
        """The keys that are not committed."""
        return self._dirty.keys()

    def _found(self, key: bytes) -> Found | None:
        found: Found | None = self._rows.get(key, MISSING)
        return self._load(key) if found is MISSING else found

    def _load(self, key: bytes) -> Found | None:
        row = self._committed.get(key)
        return None if row is None else self._decoded(row)

    def _decoded(self, row: bytes) -> Found:
        try:
            return self._decode(row[NUMBER:]), unpack_timestamp(row)
        except Exception as error:
            raise unreadable(self._store, error) from error

    # -- rows in order -----------------------------------------------------------------------------------------------

    def seek(self, key: bytes) -> bytes | None:
        """The first key at or after `key` that has a row."""
        disk, dirty = self._committed.seek(key), self._order.seek(key)
        while disk is not None or dirty is not None:
            if dirty is None or (disk is not None and disk < dirty):
                return disk
            if self._rows[dirty] is not None:
                return dirty
            after = dirty + b"\0"
            if disk == dirty:
                disk = self._committed.seek(after)
            dirty = self._order.seek(after)
        return None

    def scan(
        self, start: bytes = b"", end: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, Any, int]]:
        """Key, value, timestamp of start <= key < end as of the first step, dirty rows included."""
        dirty = self._order.between(start, end)
        if not reverse:
            dirty.reverse()
        hidden = set(dirty)
        for key, row in self._committed.scan(start, end, reverse=reverse):
            while dirty and (dirty[-1] > key if reverse else dirty[-1] < key):
                yield from self._one(dirty.pop())
            if key not in hidden:
                yield key, *self._decoded(row)
        while dirty:
            yield from self._one(dirty.pop())

    def _one(self, key: bytes) -> Iterator[tuple[bytes, Any, int]]:
        found = self._found(key)
        if found is not None:
            yield key, *found

    # -- commit ------------------------------------------------------------------------------------------------------

    def changes(self) -> list[tuple[bytes, bytes | None, int]]:
        """Key, encoded value (None: deleted) and timestamp of each dirty row, in the order they became dirty."""
        dirty, rows, encode = self._dirty, self._rows, self._encode
        changes = []
        for key, pending in dirty.items():
            if pending is None:
                value, timestamp = rows[key]  # type: ignore[misc]  # a deleted row is never left to be encoded
                pending = dirty[key] = (encode(value), timestamp)
            changes.append((key, *pending))
        return changes

    def lowest(self) -> bytes | None:
        """The lowest dirty key."""
        return min(self._dirty, default=None)

    def settle(self) -> None:
        """The changes are committed: nothing is dirty any more, and there may be too much to keep."""
        self._dirty.clear()
        self._order.clear()
        surplus = len(self._rows) - self._limit
        for key in list(islice(self._rows, max(0, surplus))):
            del self._rows[key]

    def rollback(self) -> None:
        """Drops what is dirty."""
        for key in self._dirty:
            self._rows.pop(key, None)
        self._dirty.clear()
        self._order.clear()

    def forget(self) -> None:
        """The committed rows have changed underneath: drops everything."""
        self._rows.clear()
        self._dirty.clear()
        self._order.clear()


class CopyingOverlay(Overlay):
    """Rows whose values can be changed: each reader gets a copy of its own, and what was put is copied too."""

    def __init__(self, store: str, committed: Rows, codec: Codec[Any], limit: int) -> None:
        super().__init__(store, committed, Codec(bytes, bytes, immutable=True, total=bytes), limit)
        self._to_bytes, self._from_bytes = codec.encode, codec.decode

    def get(self, key: bytes) -> Found | None:
        """A copy of the value, and its timestamp."""
        found = super().get(key)
        return None if found is None else (self._from_bytes(found[0]), found[1])

    def peek(self, key: bytes) -> Found | None:
        """A copy of the value, and its timestamp, without keeping what was loaded."""
        found = self._found(key)
        return None if found is None else (self._from_bytes(found[0]), found[1])

    def put(self, key: bytes, value: Any, timestamp: int) -> None:
        """Sets a row to a copy of the value."""
        super().put(key, None if value is None else self._to_bytes(value), timestamp)

    def scan(
        self, start: bytes = b"", end: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, Any, int]]:
        """Rows with copies of their values."""
        for key, value, timestamp in super().scan(start, end, reverse=reverse):
            yield key, self._from_bytes(value), timestamp


def overlay(store: str, committed: Rows, codec: Codec[Any], limit: int) -> Overlay:
    """The overlay that suits the codec's values."""
    return (Overlay if codec.immutable else CopyingOverlay)(store, committed, codec, limit)


def _forget(change: tuple[Any, Any, Any]) -> None:
    """Where changes are noted while no journal is bound."""
