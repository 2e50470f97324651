"""How much memory RocksDB may use: one block cache and one budget for memtables, shared by every database.

Loads RocksDB when the first database needs it. Knows nothing of databases or of where the sizes were set.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

MIB = 1024 * 1024

WRITE_BUFFERS = 2
"""Memtables a store may have: one is filled while the other is written out."""


class Budget:
    """A block cache of `cache_bytes` and memtables of `write_buffer_bytes` in all; made when first asked for.

    The cache holds data blocks alone: an index or filter block larger than a shard of the cache would be read from
    disk for every row. Memtables over the budget are written out early; no write waits for that.
    """

    def __init__(self, cache_bytes: int, write_buffer_bytes: int) -> None:
        self.cache_bytes = cache_bytes
        self.write_buffer_bytes = write_buffer_bytes
        self._lock = Lock()
        self._made: tuple[Any, Any] | None = None

    @property
    def memtable_bytes(self) -> int:
        """The size at which one memtable of a store is written out, however much of the budget is free."""
        return max(MIB, min(16 * MIB, self.write_buffer_bytes // (2 * WRITE_BUFFERS)))

    def parts(self) -> tuple[Any, Any]:
        """RocksDB's cache and write-buffer manager, always the same two."""
        from rocksdict import Cache, WriteBufferManager  # late: only who opens a database pays for loading it

        with self._lock:  # databases are opened in threads
            if self._made is None:
                self._made = (Cache(self.cache_bytes), WriteBufferManager(self.write_buffer_bytes, False))
            return self._made

    def resize(self, cache_bytes: int, write_buffer_bytes: int) -> None:
        """Sets other sizes, for open databases too."""
        with self._lock:
            self.cache_bytes, self.write_buffer_bytes = cache_bytes, write_buffer_bytes
            if self._made is not None:
                cache, buffers = self._made
                cache.set_capacity(cache_bytes)
                buffers.set_buffer_size(write_buffer_bytes)


_SHARED = Budget(64 * MIB, 64 * MIB)


def shared_budget() -> Budget:
    """The budget of this process."""
    return _SHARED


def configure_memory(cache_bytes: int, write_buffer_bytes: int) -> None:
    """Sets the budget of this process: the settings `cache_bytes` and `write_buffer_bytes`."""
    _SHARED.resize(cache_bytes, write_buffer_bytes)
