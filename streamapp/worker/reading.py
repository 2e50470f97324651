"""Rows of tables for those who look on: pages, the API, the command line.

Gives committed rows only, of every task of this process that holds the table, in one order: windows from the newest,
and without windows by key. One call looks at a bounded number of rows, so that a search through a large table does not
hold up the work of the process. Knows nothing of HTTP.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from streamapp.engine.specs import TableSpec
from streamapp.state import TaskState
from streamapp.state.query import Query
from streamapp.state.table_reader import Parts
from streamapp.state.table_rows import TableRow, TableRows, rows_of
from streamapp.worker.assignment import TaskId
from streamapp.worker.cursor import Cursor, decode_cursor
from streamapp.worker.names import task_name
from streamapp.worker.search import Search

AT_ONCE = 1_000
"""Rows one call looks at: some milliseconds of work."""

_FOREVER = 2**63 - 1
"""The end of a window whose size nobody has told."""

Found = tuple[int, TableRow]
"""The partition of the task that has a row, and the row."""

Place = tuple[tuple[int, ...], bytes, int]
"""Where a row stands in the order: times of its window, bytes of the key, partition."""


class Holder(Protocol):
    """A task, as far as reading its tables goes."""

    @property
    def state(self) -> TaskState:
        """Its stores and their position."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows `{"key", "window", "value", "timestamp"}`, where to go on, and the tasks that are not open here.

    `next` is None behind the last row; a page may be short, even empty, though more rows follow.
    """

    items: list[dict[str, Any]]
    next: str | None
    incomplete: list[str]


class Reader:
    """Reads the tables of one topology.

    `every` lists all its tasks, `tasks` is a view of those open here; `global_state` gives the state of the global
    tables, None while they are not open.
    """

    def __init__(
        self,
        tables: Iterable[TableSpec],
        every: Sequence[TaskId],
        tasks: Mapping[TaskId, Holder],
        global_state: Callable[[], TaskState | None] = lambda: None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._tables = {table.name: table for table in tables}
        self._every = every
        self._tasks = tasks
        self._global_state = global_state
        self._at_once = at_once

    def version(self, table: str) -> object:
        """Equal as long as no commit has changed the table here and no task has come or gone."""
        held = [(partition, state.position) for partition, state in self._states(self._tables[table])]
        return [(partition, position and position.changelogs.get(table)) for partition, position in held]

    def read(self, table: str, *, limit: int = 100, cursor: str | None = None, **search: Any) -> Page:
        """The rows that a search, the fields of `Search`, asks for.

        Raises `UsageError` for a cursor that `table` did not give, and for bounds that are not keys of its rows.
        """
        spec, wish = self._tables[table], Search(**search)
        wanted = wish.wanted(spec)
        after = None if cursor is None else decode_cursor(cursor, spec)
        reading = _Reading(spec, wish.query(spec), self._parts(spec), after)
        keys = wish.keys(spec)
        found = reading.of_keys(keys) if keys else reading.through()
        items, last = _take(found, wanted, limit, self._at_once)
        return Page(
            items=[document(row) for _, row in items],
            next=None if last is None else reading.cursor(last).encode(),
            incomplete=self._missing(spec),
        )

    def all(self, table: str, key: str | None = None) -> Iterator[dict[str, Any]]:
        """All rows, or those of one key, in the same order: for those whom nobody waits for."""
        return (document(row) for _, row in self.found(table, key))

    def found(self, table: str, key: str | None = None) -> Iterator[Found]:
        """The same rows as they are, each with the partition of its task."""
        spec, wish = self._tables[table], Search(key=key)
        reading = _Reading(spec, wish.query(spec), self._parts(spec), None)
        keys, wanted = wish.keys(spec), wish.wanted(spec)
        found = reading.of_keys(keys) if keys else reading.through()
        return (one for one in found if wanted(one[1]))

    def find(self, table: str, key: Any) -> Any:
        """The value of a key, of its newest window where there are windows; raises `KeyError` when it has none here."""
        spec = self._tables[table]
        for _, row in _Reading(spec, Query(newest_first=spec.by_time), self._parts(spec), None).of_keys([key]):
            return row.value
        raise KeyError(key)

    def parts(self, table: str) -> Parts:
        """The rows of a table in the tasks that are here, and the names of the others."""
        spec = self._tables[table]
        return Parts([rows for _, rows in self._parts(spec)], self._missing(spec))

    def _parts(self, table: TableSpec) -> list[tuple[int, TableRows]]:
        return [
            (number, rows_of(table, state.committed, state.position.times if state.position else {}))
            for number, state in self._states(table)
        ]

    def _states(self, table: TableSpec) -> list[tuple[int, TaskState]]:
        if table.store.log == "global":
            state = self._global_state()
            return [] if state is None else [(0, state)]
        number = table.store.subtopology
        return [(partition, task.state) for (sub, partition), task in sorted(self._tasks.items()) if sub == number]

    def _missing(self, table: TableSpec) -> list[str]:
        if table.store.log == "global":
            return [] if self._states(table) else ["global"]
        number = table.store.subtopology
        return [task_name(*task) for task in self._every if task[0] == number and task not in self._tasks]


class _Reading:
    """One table's rows behind `after`, over all its tasks."""

    def __init__(
        self, table: TableSpec, query: Query, parts: Sequence[tuple[int, TableRows]], after: Cursor | None
    ) -> None:
        self._table = table
        self._query = query
        self._parts = parts
        self._rows = dict(parts)
        self._after = after
        self._descending = table.by_time

    def place(self, found: Found) -> Place:
        """Where a row stands."""
        partition, row = found
        return (*self._rows[partition].place(row), partition)

    def cursor(self, found: Found) -> Cursor:
        """From where to go on behind a row."""
        times, key, partition = self.place(found)
        return Cursor(self._table.name, key, times, partition)

    def of_keys(self, keys: Iterable[Any]) -> Iterator[Found]:
        """The rows of a few keys."""
        found = [(number, row) for number, rows in self._parts for key in keys for row in rows.of_key(key, self._query)]
        ordered = sorted(found, key=self.place, reverse=self._descending)
        return (one for one in ordered if self._is_behind(self.place(one)))

    def through(self) -> Iterator[Found]:
        """All rows."""
        parts = [self._part(number, rows) for number, rows in self._parts]
        return heapq.merge(*parts, key=self.place, reverse=self._descending)

    def _part(self, partition: int, rows: TableRows) -> Iterator[Found]:
        """The rows of one task, in order."""
        after = self._after
        if after is not None and self._is_behind((*after.place, partition)):
            # a topic not keyed by its partitioner has a key in several tasks: theirs stand side by side
            row = rows.one(after.place, self._query)
            if row is not None:
                yield partition, row
        yield from ((partition, row) for row in rows.scan(self._query, after.place if after else None))

    def _is_behind(self, place: Place) -> bool:
        if self._after is None:
            return True
        last = (*self._after.place, self._after.partition)
        return place < last if self._descending else place > last


def _take(
    found: Iterator[Found], wanted: Callable[[TableRow], bool], limit: int, at_once: int
) -> tuple[list[Found], Found | None]:
    """The rows that are wanted, and the last that was looked at unless it was the last of all."""
    items: list[Found] = []
    last: Found | None = None
    for looked, one in enumerate(found):
        if looked == at_once or len(items) == limit:
            return items, last
        last = one
        if wanted(one[1]):
            items.append(one)
    return items, None


def document(row: TableRow) -> dict[str, Any]:
    """A row as `{"key", "window": {"start", "end"} | null, "value", "timestamp"}`; times in ms."""
    window = None if row.start is None else {"start": row.start, "end": None if row.end == _FOREVER else row.end}
    return {"key": row.key, "window": window, "value": row.value, "timestamp": row.timestamp}
