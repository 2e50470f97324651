"""Rows in RocksDB: one database per task, one column family per store, one record about them.

Writes go to the write-ahead log without being synced: the death of the process loses nothing, a power loss falls back
to an older whole commit. All databases of the process share one block cache and one budget for memtables.
Knows nothing of values, windows or positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rocksdict import Rdict, WriteBatch, WriteOptions

from streamapp.state.manifest import ManifestNote, refuse_remains
from streamapp.state.memory_budget import Budget, shared_budget
from streamapp.state.rocks_options import database_options
from streamapp.state.rocks_rows import RocksRows, close_database
from streamapp.state.rows import Writes
from streamapp.state.trouble import trouble

_RECORD = b"record"
_PREFIX = "store."
"""Keeps a store named `default` apart from RocksDB's own column family."""


class RocksBackend:
    """All stores of a task in one database at `folder`, which the caller has locked.

    Raises `DamagedStateError` or `StateError`.
    """

    def __init__(self, folder: Path, budget: Budget | None = None) -> None:
        self._folder = folder
        self._options = database_options(budget or shared_budget())
        self._stores: dict[str, RocksRows] = {}
        refuse_remains(folder)
        try:
            families = _families(folder)
            self._database = Rdict(str(folder), self._options, dict.fromkeys(families, self._options))
        except Exception as error:
            raise trouble(folder, error.with_traceback(None)) from error
        try:
            self._note = ManifestNote(folder)
            for family in families:
                self._take(family.removeprefix(_PREFIX))
        except Exception as error:
            self._close_database()
            raise trouble(folder, error.with_traceback(None)) from error

    @property
    def stores(self) -> frozenset[str]:
        """The stores there are."""
        return frozenset(self._stores)

    @property
    def record(self) -> bytes | None:
        """What the last `write` said."""
        try:
            record: bytes | None = self._database.get(_RECORD)
        except Exception as error:
            raise trouble(self._folder, error) from error
        return record

    def add(self, store: str) -> None:
        """Makes a store without rows."""
        try:
            self._database.create_column_family(_PREFIX + store, self._options).close()
            self._take(store)
            self._note.update()
        except Exception as error:
            raise trouble(self._folder, error) from error

    def drop(self, store: str) -> None:
        """Removes a store with its rows."""
        self._stores.pop(store).close()
        try:
            self._database.drop_column_family(_PREFIX + store)
            self._note.update()
        except Exception as error:
            raise trouble(self._folder, error) from error

    def rows(self, store: str) -> RocksRows:
        """The rows of a store."""
        return self._stores[store]

    def write(self, record: bytes, writes: Iterable[Writes], *, sync: bool = False) -> None:
        """Applies all of it in one batch; with `sync`, returns when the disk has it."""
        batch = WriteBatch(raw_mode=True)
        batch.put(_RECORD, record)
        for one in writes:
            self._stores[one.store].fill(batch, one)
        options = WriteOptions()
        options.sync = sync
        try:
            self._database.write(batch, options)
            self._note.update()
        except Exception as error:
            raise trouble(self._folder, error) from error

    def verify(self) -> None:
        """Reads every row of every store with its checksum."""
        for rows in self._stores.values():
            rows.verify()

    def close(self) -> None:
        """Closes the database; nothing of it may be used any more."""
        self._close_database()
        try:
            self._note.close()
        except OSError as error:
            raise trouble(self._folder, error) from error

    def _close_database(self) -> None:
        for rows in self._stores.values():
            rows.close()
        self._stores.clear()
        close_database(self._folder, self._database)

    def _take(self, store: str) -> None:
        family = _PREFIX + store
        self._stores[store] = RocksRows(
            self._folder, self._database.get_column_family(family), self._database.get_column_family_handle(family)
        )


def _families(folder: Path) -> list[str]:
    """The column families of a database, without the default one."""
    if not (folder / "CURRENT").exists():
        return []
    return [name for name in Rdict.list_cf(str(folder)) if name != "default"]
