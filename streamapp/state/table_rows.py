"""The rows of a table in one task, as a reader beside it sees them, however its store lays them out.

A row's place says where it stands: the times of its window, where the table can be read in their order, and the
bytes of its key. Knows nothing of other tasks, of text or of who reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, TypeAlias

from streamapp.dsl.format import Codec
from streamapp.dsl.windows import Session, SessionWindows, Windowed
from streamapp.engine.ordered import LAST_TIME
from streamapp.engine.specs import TableSpec
from streamapp.state.query import Query, ScanRow

Place: TypeAlias = tuple[tuple[int, ...], bytes]


class TableRow(NamedTuple):
    """A row: of a window, which is from `start` to `end` (ms), `key` is the one inside."""

    key: Any
    start: int | None
    end: int | None
    value: Any
    timestamp: int


class TableRows(Protocol):
    """The rows of one table in one task; what a query asks for may come with other rows, which the reader drops."""

    def place(self, row: TableRow) -> Place:
        """Where a row of its key and window stands."""
        ...

    def one(self, place: Place, query: Query) -> TableRow | None:
        """The row at a place."""
        ...

    def of_key(self, key: Any, query: Query) -> Iterator[TableRow]:
        """The rows of a key: that of the key, or those of its windows, oldest first or newest first."""
        ...

    def scan(self, query: Query, after: Place | None = None) -> Iterator[TableRow]:
        """The rows behind a place, in the order of their places or, newest first, against it."""
        ...


def times_in_place(table: TableSpec) -> int:
    """How many times the places of a table's rows begin with."""
    if not table.by_time:
        return 0
    return 2 if table.sessions and table.index is not None else 1


def key_in_place(table: TableSpec) -> Codec[Any]:
    """What the bytes in the places of a table's rows are."""
    return table.store.key if table.windowed_keys and table.index is None else table.key


def rows_of(table: TableSpec, stores: Mapping[str, Any], times: Mapping[str, int]) -> TableRows:
    """The rows of `table` in the `stores` of a task, whose clocks stand at `times` (ms)."""
    if table.index is not None:
        return IndexedRows(table, stores[table.name], stores[table.index])
    if table.windowed_keys:
        return WindowedKeyRows(table, stores[table.name])
    if table.store.kind == "window":
        return WindowRows(table, stores[table.name])
    if table.store.kind == "versioned":
        return VersionedRows(table, stores[table.name], times.get(table.name))
    return KeyRows(table, stores[table.name])


class KeyRows:
    """The last value of each key."""

    def __init__(self, table: TableSpec, store: Any) -> None:
        self._key = table.key
        self._store = store

    def place(self, row: TableRow) -> Place:
        """In the order of the encoded keys."""
        return (), self._key.encode(row.key)

    def one(self, place: Place, query: Query) -> TableRow | None:
        """The row of a key."""
        key = self._key.decode(place[1])
        found = self._store.peek(key)
        return None if found is None else TableRow(key, None, None, *found)

    def of_key(self, key: Any, query: Query) -> Iterator[TableRow]:
        """The row of a key, as an iterator."""
        found = self.one(((), self._key.encode(key)), query)
        return iter(() if found is None else (found,))

    def scan(self, query: Query, after: Place | None = None) -> Iterator[TableRow]:
        """In the order of the encoded keys."""
        if after is not None:
            query = replace(query, after=(self._key.decode(after[1]), None))
        return (TableRow(row.key, None, None, row.value, row.timestamp) for row in self._store.scan(query))


class VersionedRows(KeyRows):
    """The last value of each key, or the one it had at a time.

    Of times that the history has left behind only the last values are known, where they are as old
    (`streamapp.engine.table_source.source_as_of`).
    """

    def __init__(self, table: TableSpec, store: Any, now: int | None) -> None:
        super().__init__(table, store)
        self._horizon = None if now is None else now - (table.retention or 0)

    def _is_lost(self, time: int) -> bool:
        return self._horizon is not None and time < self._horizon

    def one(self, place: Place, query: Query) -> TableRow | None:
        """The row of a key."""
        time, key = query.as_of, self._key.decode(place[1])
        if time is None or self._is_lost(time):
            found = super().one(place, query)
            return None if found is None or (time is not None and found.timestamp > time) else found
        version = self._store.get_as_of(key, time)
        return None if version is None else TableRow(key, None, None, *version)

    def scan(self, query: Query, after: Place | None = None) -> Iterator[TableRow]:
        """In the order of the encoded keys."""
        time = query.as_of
        if time is None or not self._is_lost(time):
            return super().scan(query, after)
        rows = super().scan(replace(query, as_of=None), after)
        return (row for row in rows if row.timestamp <= time)


class WindowRows:
    """Tumbling and hopping windows, and an author's own window store: by start, then by key."""

    def __init__(self, table: TableSpec, store: Any) -> None:
        self._key = table.key
        self._size = table.store.window_size or 0
        self._store = store

    def _row(self, row: ScanRow) -> TableRow:
        start = row.start or 0
        return TableRow(row.key, start, start + self._size, row.value, row.timestamp)

    def place(self, row: TableRow) -> Place:
        """By the start."""
        return (row.start or 0,), self._key.encode(row.key)

    def one(self, place: Place, query: Query) -> TableRow | None:
        """The window of a key."""
        (start,), key = place[0], self._key.decode(place[1])
        found = self._store.peek(key, start)
        return None if found is None else self._row(ScanRow(key, start, *found))

    def of_key(self, key: Any, query: Query) -> Iterator[TableRow]:
        """Its windows by their starts."""
        return map(self._row, self._store.windows(key, query))

    def scan(self, query: Query, after: Place | None = None) -> Iterator[TableRow]:
        """By start, then by key."""
        if after is not None:
            query = replace(query, after=(self._key.decode(after[1]), after[0][0]))
        return map(self._row, self._store.scan(query))


class IndexedRows:
    """Sliding windows by their start, sessions by their end and start: rows by key, and an index by time."""

    def __init__(self, table: TableSpec, store: Any, index: Any) -> None:
        self._key = table.key
        self._session = table.sessions
        self._size = 0 if table.windows is None or isinstance(table.windows, SessionWindows) else table.windows.size
        self._store = store
        self._index = index

    def place(self, row: TableRow) -> Place:
        """By time, then by key."""
        start, end = row.start or 0, row.end or 0
        return ((end, start) if self._session else (start,)), self._key.encode(row.key)

    def one(self, place: Place, query: Query) -> TableRow | None:
        """The window of a key."""
        return self._at(self._key.decode(place[1]), place[0])

    def _at(self, key: Any, times: tuple[int, ...]) -> TableRow | None:
        found = self._store.peek((key, *times))
        if found is None:
            return None
        end, start = times if self._session else (times[0] + self._size, times[0])
        return TableRow(key, start, end, *found)

    def of_key(self, key: Any, query: Query) -> Iterator[TableRow]:
        """Its windows by time."""
        first, last = (key, query.from_ms or 0), (key, self._until(query))
        for window, value, timestamp in self._store.range(first, last, reverse=query.newest_first):
            yield TableRow(window.key, window.start, window.end, value, timestamp)

    def scan(self, query: Query, after: Place | None = None) -> Iterator[TableRow]:
        """By time, then by key."""
        first: Any = (query.from_ms or 0,)
        last: Any = (self._until(query),)
        seen: Any = None
        if after is not None:
            seen = (*after[0], self._key.decode(after[1]))
            first, last = (first, seen) if query.newest_first else (seen, last)
        for entry, _, _ in self._index.range(first, last, reverse=query.newest_first):
            *times, key = entry
            row = self._at(key, tuple(times)) if entry != seen else None
            if row is not None:
                yield row

    def _until(self, query: Query) -> int:
        """The time (ms) behind which no window is that the query asks for; sessions are found by their ends."""
        return LAST_TIME if query.to_ms is None or self._session else max(0, query.to_ms)


class WindowedKeyRows:
    """Rows by windowed key that no index has in the order of time: what is made of a table with windows."""

    def __init__(self, table: TableSpec, store: Any) -> None:
        self._key, self._whole = table.key, table.store.key
        self._make: type[Windowed[Any]] = Session if table.sessions else Windowed
        self._store = store

    def place(self, row: TableRow) -> Place:
        """In the order of the encoded keys."""
        return (), self._whole.encode(self._make(row.key, row.start or 0, row.end or 0))

    def one(self, place: Place, query: Query) -> TableRow | None:
        """The window of a key."""
        key = self._whole.decode(place[1])
        found = self._store.peek(key)
        return None if found is None else TableRow(*key, *found)

    def of_key(self, key: Any, query: Query) -> Iterator[TableRow]:
        """Its windows by time."""
        wanted = self._key.encode(key)
        between = Query(first=self._make(key, 0, 0), last=self._make(key, LAST_TIME, LAST_TIME))
        found = [row for row in self._rows(between) if self._key.encode(row.key) == wanted]
        return reversed(found) if query.newest_first else iter(found)

    def scan(self, query: Query, after: Place | None = None) -> Iterator[TableRow]:
        """In the order of the encoded keys."""
        return self._rows(Query() if after is None else Query(after=(self._whole.decode(after[1]), None)))

    def _rows(self, query: Query) -> Iterator[TableRow]:
        for row in self._store.scan(query):
            key, start, end = row.key
            yield TableRow(key, start, end, row.value, row.timestamp)
