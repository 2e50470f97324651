"""Rows in memory, gone when closed: for the test driver and for stores that are rebuilt anyway.

A commit may be applied in a thread while others read. Knows nothing of values or disks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Lock

from streamapp.state.order import SortedKeys
from streamapp.state.rows import Writes


class MemoryRows:
    """The rows of one store in a dict with sorted keys."""

    def __init__(self) -> None:
        self._rows: dict[bytes, bytes] = {}
        self._order = SortedKeys(self._rows)
        self._lock = Lock()
        self.get = self._rows.get

    def seek(self, key: bytes) -> bytes | None:
        """The first key at or after `key`."""
        with self._lock:
            return self._order.seek(key)

    def scan(
        self, start: bytes = b"", end: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Rows with start <= key < end."""
        with self._lock:
            keys = self._order.between(start, end)
        for key in reversed(keys) if reverse else keys:
            row = self._rows.get(key)
            if row is not None:
                yield key, row

    def apply(self, writes: Writes) -> None:
        """Changes rows as `writes` says."""
        with self._lock:
            for start, end in writes.ranges:
                for key in self._order.between(start, end):
                    del self._rows[key]
            for key, row in writes.rows:
                self._set(key, row)

    def _set(self, key: bytes, row: bytes | None) -> None:
        if row is None:
            self._rows.pop(key, None)
            return
        if key not in self._rows:
            self._order.add(key)
        self._rows[key] = row


class MemoryBackend:
    """All stores of a task in memory."""

    def __init__(self) -> None:
        self.record: bytes | None = None
        self._stores: dict[str, MemoryRows] = {}

    @property
    def stores(self) -> frozenset[str]:
        """The stores there are."""
        return frozenset(self._stores)

    def add(self, store: str) -> None:
        """Makes a store without rows."""
        self._stores[store] = MemoryRows()

    def drop(self, store: str) -> None:
        """Removes a store with its rows."""
        del self._stores[store]

    def rows(self, store: str) -> MemoryRows:
        """The rows of a store."""
        return self._stores[store]

    def write(self, record: bytes, writes: Iterable[Writes], *, sync: bool = False) -> None:
        """Applies all of it."""
        for one in writes:
            self._stores[one.store].apply(one)
        self.record = record

    def verify(self) -> None:
        """Memory is believed."""

    def close(self) -> None:
        """Drops everything."""
        self._stores.clear()
