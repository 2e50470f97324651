"""Typed, read-only queries of tables from Python: `get range prefix fetch as_of`.

A reader is asked for with the author's own `Table`, which types its keys and values. It looks at the rows as they
are when a method is called, in every task there is. Knows nothing of where tasks come from.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar, overload

from streamapp.dsl.attached import AttachedStore, KeyValueRows
from streamapp.dsl.attached import WindowRows as AttachedWindows
from streamapp.dsl.global_table import GlobalTable
from streamapp.dsl.table import Table
from streamapp.dsl.windows import Session, Windowed
from streamapp.engine.specs import TableSpec
from streamapp.engine.tables import find_table
from streamapp.errors import NotHereError, UsageError
from streamapp.state.query import Query
from streamapp.state.table_rows import Place, TableRow, TableRows

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")
I = TypeVar("I")  # noqa: E741 - the key inside a window


class Row(NamedTuple, Generic[K, V]):
    """A row of a table; `timestamp` in ms, of a version the time from which it holds."""

    key: K
    value: V
    timestamp: int


@dataclass(frozen=True, slots=True)
class Parts:
    """The rows of a table in each task that is here, and the names of the tasks that are not."""

    here: Sequence[TableRows]
    missing: Sequence[str]


class TableReader(Generic[K, V]):
    """Reads one table. Keys of a table with windows are `Windowed`, or `Session`.

    Raises `NotHereError` when a row may be in a task that is not in this process; with `partial` what is here
    is all that is looked at. What `range`, `prefix` and `fetch` give must be taken before the tasks go on.
    """

    def __init__(self, table: TableSpec, parts: Callable[[], Parts], *, partial: bool = False) -> None:
        self.name = table.name
        self._table = table
        self._parts = parts
        self._partial = partial

    def get(self, key: K) -> V | None:
        """The value of a key, or None."""
        row = self.row(key)
        return None if row is None else row.value

    def row(self, key: K) -> Row[K, V] | None:
        """The row of a key, with its timestamp, or None."""
        return self._one(key, Query())

    def range(self, start: K | None = None, end: K | None = None) -> Iterator[Row[K, V]]:
        """The rows with start <= key <= end, in the order of the encoded keys; of windows, in the order of time."""
        parts = self._all()
        query = Query() if self._table.windowed else Query(first=start, last=end)
        low = None if start is None else self._place(start, parts[0])
        high = None if end is None else self._place(end, parts[0])
        return (
            self._row(row)
            for place, row in self._merged(parts, query)
            if (low is None or place >= low) and (high is None or place <= high)
        )

    def prefix(self, text: str) -> Iterator[Row[K, V]]:
        """The rows whose key, that inside a window, begins with a text; in the same order."""
        query = Query(prefix=text) if self._table.kind == "key-value" else Query()
        return (self._row(row) for _, row in self._merged(self._all(), query) if str(row.key).startswith(text))

    @overload
    def fetch(
        self: TableReader[Session[I], V], key: I, from_ms: int | None = None, to_ms: int | None = None
    ) -> Iterator[Row[Session[I], V]]: ...
    @overload
    def fetch(
        self: TableReader[Windowed[I], V], key: I, from_ms: int | None = None, to_ms: int | None = None
    ) -> Iterator[Row[Windowed[I], V]]: ...
    def fetch(self, key: Any, from_ms: int | None = None, to_ms: int | None = None) -> Iterator[Row[Any, Any]]:
        """The windows of a key that start at `from_ms` or later and before `to_ms`, oldest first.

        Raises `UsageError` for a table without windows.
        """
        self._check_windows()
        parts = self._parts()
        query = Query(from_ms=from_ms, to_ms=to_ms)
        self._encoded(self._table.key.encode, key)
        found = list(chain.from_iterable(part.of_key(key, query) for part in parts.here))
        rows = [row for row in found if _starts_in(row, query)]
        if not found:
            self._check_all_here(parts)
        return (self._row(row) for row in sorted(rows, key=lambda row: ((row.start or 0), (row.end or 0))))

    def fetch_all(self, from_ms: int | None = None, to_ms: int | None = None) -> Iterator[Row[K, V]]:
        """The windows of all keys that start at `from_ms` or later and before `to_ms`, in the order of time.

        Raises `UsageError` for a table without windows.
        """
        self._check_windows()
        query = Query(from_ms=from_ms, to_ms=to_ms)
        return (self._row(row) for _, row in self._merged(self._all(), query) if _starts_in(row, query))

    def as_of(self, key: K, time: int) -> V | None:
        """The value a key had at a time (ms), or None; also None for times the table's history has left behind.

        Raises `UsageError` for a table without a history.
        """
        if self._table.store.kind != "versioned":
            raise UsageError(
                f"table {self.name!r} keeps no history: make it with table(TOPIC, {self.name!r}, history=ms)"
            )
        row = self._one(key, Query(as_of=time))
        return None if row is None else row.value

    def _one(self, key: K, query: Query) -> Row[K, V] | None:
        parts = self._parts()
        for part in parts.here:
            row = part.one(self._place(key, part), query)
            if row is not None:
                return self._row(row)
        self._check_all_here(parts)
        return None

    def _all(self) -> Sequence[TableRows]:
        parts = self._parts()
        self._check_all_here(parts)
        return parts.here

    def _check_all_here(self, parts: Parts) -> None:
        if not parts.here or (parts.missing and not self._partial):
            where = f"tasks {', '.join(parts.missing)} are" if parts.missing else "its topology is"
            raise NotHereError(
                f"table {self.name!r}: {where} not in this process now, so rows may be missing: ask the worker that "
                "has them, wait until they are back, or ask with partial=True for what is here"
            )

    def _check_windows(self) -> None:
        if not self._table.windowed:
            raise UsageError(f"table {self.name!r} has no windows: use get(key), or range() for all rows")

    def _place(self, key: Any, part: TableRows) -> Place:
        """Where the row of a key stands; raises `UsageError` for what cannot be one of the table's keys."""
        if self._table.windowed and not isinstance(key, Windowed):
            self._refuse(key, "give Windowed(key, start, end), or use fetch(key) for all windows of a key")
        start, end = (key.start, key.end) if self._table.windowed else (None, None)
        inner = key.key if self._table.windowed else key
        return self._encoded(lambda one: part.place(TableRow(one, start, end, None, 0)), inner)

    def _encoded(self, encode: Callable[[Any], R], key: Any) -> R:
        try:
            return encode(key)
        except Exception as error:
            raise UsageError(f"table {self.name!r}: {key!r} is not one of its keys: {error}") from error

    def _refuse(self, key: Any, remedy: str) -> NoReturn:
        raise UsageError(f"table {self.name!r}: {key!r} is not one of its keys: {remedy}")

    def _merged(self, parts: Sequence[TableRows], query: Query) -> Iterator[tuple[Place, TableRow]]:
        """The rows of all tasks, each with its place, in order."""
        return heapq.merge(*(_placed(part, query) for part in parts), key=lambda found: found[0])

    def _row(self, row: TableRow) -> Row[Any, Any]:
        if row.start is None:
            return Row(row.key, row.value, row.timestamp)
        make = Session if self._table.sessions else Windowed
        return Row(make(row.key, row.start, row.end or 0), row.value, row.timestamp)


def _placed(part: TableRows, query: Query) -> Iterator[tuple[Place, TableRow]]:
    return ((part.place(row), row) for row in part.scan(query))


def _starts_in(row: TableRow, query: Query) -> bool:
    """Whether the row's window starts when it should."""
    start = row.start or 0
    return (query.from_ms is None or start >= query.from_ms) and (query.to_ms is None or start < query.to_ms)


class TableReaders:
    """The tables of one topology: called with a table or its name, gives its reader."""

    def __init__(self, topology: str, tables: Sequence[TableSpec], parts: Callable[[str], Parts]) -> None:
        self._topology = topology
        self._tables = tables
        self._parts = parts

    @overload
    def __call__(self, table: Table[K, V] | GlobalTable[K, V], *, partial: bool = False) -> TableReader[K, V]: ...
    @overload
    def __call__(self, table: AttachedStore[KeyValueRows[K, V]], *, partial: bool = False) -> TableReader[K, V]: ...
    @overload
    def __call__(
        self, table: AttachedStore[AttachedWindows[K, V]], *, partial: bool = False
    ) -> TableReader[Windowed[K], V]: ...
    @overload
    def __call__(self, table: str, *, partial: bool = False) -> TableReader[Any, Any]: ...
    def __call__(self, table: object, *, partial: bool = False) -> TableReader[Any, Any]:
        """The reader of a table that this topology keeps; raises `NotFoundError` for any other.

        `partial`: look at what is in this process, though other rows may be elsewhere.
        """
        spec = find_table(self._topology, self._tables, table)
        return TableReader(spec, lambda: self._parts(spec.name), partial=partial)
