"""The rows of a timed store in the order of their times: keys that say all, and follow from the keys of those rows.

Nothing is done for it per record: what has changed is derived when somebody asks, or commits. Knows nothing of what the
rows hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge
from typing import Any

from streamapp.dsl.format import Codec
from streamapp.engine.ordered import TIME, by_key, by_time
from streamapp.state.keyvalue import KeyValueStore
from streamapp.state.order import SortedKeys
from streamapp.state.overlay import Found, Overlay
from streamapp.state.rows import Rows

_NOTHING: Codec[Any] = Codec(encode=bytes, decode=bytes, immutable=True, total=bytes)


class TimesStore(KeyValueStore):
    """The order of the rows it follows."""

    _overlay: _Derived

    def follow(self, rows: Overlay, width: int) -> None:
        """Takes what is not committed from `rows`, whose keys end with times of `width` bytes."""
        self._overlay = _Derived(self.name, self._committed, rows, width)

    def keep_order(self) -> Callable[[bytes], None]:
        """Keeps what is not committed in order from now on; gives what is to be called with each changed row's key."""
        return self._overlay.keep_order()

    def entries(self, earliest: int, latest: int) -> list[tuple[bytes, int]]:
        """Key and timestamp of the entries whose first time is from `earliest` to `latest`, in order."""
        rows = self._overlay.scan(TIME.encode(earliest), TIME.encode(latest + 1))
        return [(entry, timestamp) for entry, _, timestamp in rows]


class _Derived(Overlay):
    """What is not committed of an order, as the rows' overlay has it."""

    def __init__(self, store: str, committed: Rows, rows: Overlay, width: int) -> None:
        super().__init__(store, committed, _NOTHING, 0)
        self._of, self._width = rows, width
        self._told: set[bytes] = set()
        self._ordered: SortedKeys | None = None

    def keep_order(self) -> Callable[[bytes], None]:
        """Sorts what it is told of."""
        ordered, told, width = SortedKeys(self._told), self._told, self._width
        self._ordered = ordered

        def tell(row_key: bytes) -> None:
            entry = by_time(row_key, width)
            if entry not in told:
                told.add(entry)
                ordered.add(entry)

        for row_key, _, _ in self._of.changes():
            tell(row_key)
        return tell

    def peek(self, key: bytes) -> Found | None:
        """The entry's timestamp, if its row is there."""
        row = self._of.peek(by_key(key, self._width))
        return None if row is None else (b"", row[1])

    def scan(
        self, start: bytes = b"", end: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, Any, int]]:
        """Key, nothing and timestamp of start <= key < end as of the first step, of rows not committed too."""
        changed = self._changed(start, end)
        hidden = set(changed)
        if reverse:
            changed.reverse()
        committed = (
            (key, b"", self._decoded(row)[1])
            for key, row in self._committed.scan(start, end, reverse=reverse)
            if key not in hidden
        )
        rows = ((key, self.peek(key)) for key in changed)
        living = ((key, *row) for key, row in rows if row is not None)
        return merge(committed, living, reverse=reverse)

    def _changed(self, start: bytes, end: bytes | None) -> list[bytes]:
        if self._ordered is not None:
            return self._ordered.between(start, end)
        entries = [by_time(row_key, self._width) for row_key in self._of.dirty]
        return sorted(entry for entry in entries if start <= entry and (end is None or entry < end))

    def changes(self) -> list[tuple[bytes, bytes | None, int]]:
        """An entry for each row that has changed."""
        width = self._width
        return [
            (by_time(row_key, width), None if value is None else b"", timestamp)
            for row_key, value, timestamp in self._of.changes()
        ]

    def settle(self) -> None:
        """The changes are committed."""
        self._told.clear()
        if self._ordered is not None:
            self._ordered.clear()

    def rollback(self) -> None:
        """What has changed is dropped."""
        self.settle()

    def forget(self) -> None:
        """The committed rows have changed underneath."""
        self.settle()
