"""The rows of one store in RocksDB: a column family, read with iterators that never outlive a call.

An iterator that lives on keeps a closed database locked, and one whose status nobody asks for turns damage into the
end of the rows. Knows nothing of databases as a whole or of what the rows are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rocksdict import ReadOptions, WriteBatch

from streamapp.state.rows import Writes
from streamapp.state.trouble import trouble

T = TypeVar("T")

logger = logging.getLogger(__name__)

_CHUNK = (32, 2048)
"""Rows a scan reads before it lets go of its iterator: first, and at most."""


class RocksRows:
    """The rows of one store."""

    def __init__(self, folder: Path, family: Any, handle: Any) -> None:
        self.handle = handle
        """What a write batch calls the column family; the database stays open while it lives."""
        self._folder = folder
        self._family = family
        self._get = family.get

    def get(self, key: bytes) -> bytes | None:
        """The row of a key, or None."""
        try:
            row: bytes | None = self._get(key)
        except Exception as error:
            raise trouble(self._folder, error) from error
        return row

    def seek(self, key: bytes) -> bytes | None:
        """The first key at or after `key`."""
        return self._read(lambda iterator: _first(iterator, key))

    def scan(
        self, start: bytes = b"", end: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Rows with start <= key < end; no iterator lives while the caller looks at a row."""
        limit, most = _CHUNK
        read = _backward if reverse else _forward
        while True:
            rows = self._read(partial(read, start=start, end=end, limit=limit))
            yield from rows
            if len(rows) < limit:
                return
            if reverse:
                end = rows[-1][0]
            else:
                start = rows[-1][0] + b"\0"
            limit = min(limit * 4, most)

    def _read(self, read: Callable[[Any], T], options: ReadOptions | None = None) -> T:
        """What `read` finds with an iterator, which is gone when this returns, whatever happens."""
        iterator = None
        try:
            iterator = self._family.iter(options)
            found = read(iterator)
            iterator.status()  # a damaged block looks like the end
        except Exception as error:
            raise trouble(self._folder, error.with_traceback(None)) from error
        finally:
            del iterator  # it would live on in the traceback, and keep a closed database locked
        return found

    def fill(self, batch: WriteBatch, writes: Writes) -> None:
        """Adds to a batch what changes here."""
        handle, put, delete = self.handle, batch.put, batch.delete
        for start, end in writes.ranges:
            batch.delete_range(start, end, handle)
        for key, row in writes.rows:
            if row is None:
                delete(key, handle)
            else:
                put(key, row, handle)

    def verify(self) -> None:
        """Reads every row, what is not cached from the disk and with its checksum."""
        options = ReadOptions()
        options.fill_cache(False)  # type: ignore[call-arg]  # its stub lacks the argument
        options.set_verify_checksums(True)
        self._read(_to_the_end, options)

    def close(self) -> None:
        """Lets go of the column family."""
        self.handle = None
        close_database(self._folder, self._family)


def _first(iterator: Any, key: bytes) -> bytes | None:
    iterator.seek(key)
    if not iterator.valid():
        return None
    found: bytes = iterator.key()
    return found


def _forward(iterator: Any, *, start: bytes, end: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
    rows: list[tuple[bytes, bytes]] = []
    iterator.seek(start)
    while len(rows) < limit and iterator.valid():
        key = iterator.key()
        if end is not None and key >= end:
            break
        rows.append((key, iterator.value()))
        iterator.next()
    return rows


def _backward(iterator: Any, *, start: bytes, end: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
    rows: list[tuple[bytes, bytes]] = []
    if end is None:
        iterator.seek_to_last()
    else:
        iterator.seek_for_prev(end)
        if iterator.valid() and iterator.key() == end:
            iterator.prev()
    while len(rows) < limit and iterator.valid():
        key = iterator.key()
        if key < start:
            break
        rows.append((key, iterator.value()))
        iterator.prev()
    return rows


def _to_the_end(iterator: Any) -> None:
    iterator.seek_to_first()
    while iterator.valid():
        iterator.next()


def close_database(folder: Path, database: Any) -> None:
    """Closes a database or one of its families, writing out what is in memory only if that is possible."""
    try:
        database.close()
    except Exception as error:  # noqa: BLE001 - it is closed all the same
        logger.warning("state folder %s: rows stay in its log alone, where commits have put them: %s", folder, error)
