"""Stores on the disk and stores in memory side by side, changed by one commit.

The disk has the record: what is in memory follows when the disk has taken its part, and cannot fail. Knows nothing of
values or positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from streamapp.state.memory import MemoryBackend
from streamapp.state.rows import Backend, Rows, Writes


class PartlyInMemory:
    """The rows of `disk`, and those of the stores `in_memory`, which begin empty each time."""

    def __init__(self, disk: Backend, in_memory: Set[str]) -> None:
        self._disk, self._memory = disk, MemoryBackend()
        for store in in_memory:
            self._memory.add(store)

    @property
    def record(self) -> bytes | None:
        """What the last `write` said."""
        return self._disk.record

    @property
    def stores(self) -> frozenset[str]:
        """The stores there are."""
        return self._disk.stores | self._memory.stores

    def add(self, store: str) -> None:
        """Makes a store on the disk."""
        self._disk.add(store)

    def drop(self, store: str) -> None:
        """Removes a store from the disk."""
        self._disk.drop(store)

    def rows(self, store: str) -> Rows:
        """The rows of a store."""
        return self._memory.rows(store) if store in self._memory.stores else self._disk.rows(store)

    def write(self, record: bytes, writes: Iterable[Writes], *, sync: bool = False) -> None:
        """Applies all of it: on the disk in one batch, then in memory."""
        writes = list(writes)
        in_memory = self._memory.stores
        # Rows are made as they are read, which may fail: those for memory are made before the disk is changed.
        later = [Writes(one.store, list(one.rows), one.ranges) for one in writes if one.store in in_memory]
        self._disk.write(record, [one for one in writes if one.store not in in_memory], sync=sync)
        self._memory.write(record, later)

    def verify(self) -> None:
        """Reads every row on the disk."""
        self._disk.verify()

    def close(self) -> None:
        """Closes the disk and drops what is in memory."""
        self._memory.close()
        self._disk.close()
