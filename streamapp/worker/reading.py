"""Rows of tables for those who look on: pages, the API, the command line.

Gives committed rows only, of every task of this process that holds the table, in one order: windows from the newest,
and without windows by key. One call looks at a bounded number of rows, so that a search through a large table does not
hold up the work of the process. Knows nothing of HTTP.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from streamapp.engine.specs import StoreSpec
from streamapp.state import TaskState
from streamapp.state.query import Query, ScanRow
from streamapp.worker.assignment import TaskId
from streamapp.worker.cursor import Cursor, decode_cursor
from streamapp.worker.keys import are_text, keys_reading
from streamapp.worker.names import task_name
from streamapp.worker.shown import plain, text

AT_ONCE = 1_000
"""Rows one call looks at: some milliseconds of work."""

Found = tuple[int, ScanRow]
"""The partition of the task that has a row, and the row."""

Place = tuple[int, bytes, int]
"""Where a row stands in the order: window start, bytes of the key, partition."""


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
    """Reads the tables of one topology; `every` lists all its tasks, `tasks` is a view of those open here."""

    def __init__(
        self,
        stores: Iterable[StoreSpec],
        every: Sequence[TaskId],
        tasks: Mapping[TaskId, Holder],
        at_once: int = AT_ONCE,
    ) -> None:
        self._specs = {spec.name: spec for spec in stores}
        self._every = every
        self._tasks = tasks
        self._at_once = at_once

    def version(self, table: str) -> object:
        """Equal as long as no commit has changed the table here and no task has come or gone."""
        held = [(partition, task.state.position) for partition, task in self._holders(self._specs[table])]
        return [(partition, position and position.changelogs.get(table)) for partition, position in held]

    def read(
        self,
        table: str,
        *,
        key: str | None = None,
        prefix: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Rows of the key that reads `key`, of keys whose text begins with `prefix`, and of windows by their start.

        Raises `UsageError` for a cursor that `table` did not give.
        """
        spec = self._specs[table]
        reading = _Reading(spec, self._holders(spec), None if cursor is None else decode_cursor(cursor, spec))
        query = Query(from_ms=from_ms, to_ms=to_ms, newest_first=reading.descending)
        items, last = _take(reading.rows(query, key, prefix), _wanted(key, prefix or ""), limit, self._at_once)
        missing = [task for task in self._every if task[0] == spec.subtopology and task not in self._tasks]
        return Page(
            items=[_document(spec, row) for _, row in items],
            next=None if last is None else reading.cursor(last).encode(),
            incomplete=[task_name(*task) for task in missing],
        )

    def find(self, table: str, key: Any) -> Any:
        """The value of a key, of its newest window where there are windows; raises `KeyError` when it has none here."""
        spec = self._specs[table]
        reading = _Reading(spec, self._holders(spec), None)
        for _, row in reading.of_keys([key], Query(newest_first=reading.descending)):
            return row.value
        raise KeyError(key)

    def _holders(self, spec: StoreSpec) -> list[tuple[int, Holder]]:
        return [(number, task) for (sub, number), task in sorted(self._tasks.items()) if sub == spec.subtopology]


class _Reading:
    """One table's rows behind `after`, over all its tasks."""

    def __init__(self, spec: StoreSpec, holders: Iterable[tuple[int, Holder]], after: Cursor | None) -> None:
        self.descending = spec.kind == "window"
        self._spec = spec
        self._stores: list[tuple[int, Any]] = [(number, task.state.committed[spec.name]) for number, task in holders]
        self._after = after

    def place(self, found: Found) -> Place:
        """Where a row stands."""
        partition, row = found
        return row.start or 0, self._spec.key.encode(row.key), partition

    def cursor(self, found: Found) -> Cursor:
        """From where to go on behind a row."""
        _, key, partition = self.place(found)
        return Cursor(self._spec.name, key, found[1].start, partition)

    def rows(self, query: Query, key: str | None, prefix: str | None) -> Iterator[Found]:
        """Rows that include all that are asked for, with as few others as the layout of the store allows."""
        keys = [] if key is None else keys_reading(key, self._spec.key)
        if keys:
            return self.of_keys(keys, query)
        begins_alike = self._spec.kind == "key-value" and are_text(
            self._spec.key
        )  # elsewhere it would be a hidden scan
        return self.through(replace(query, prefix=prefix) if begins_alike else query)

    def of_keys(self, keys: Iterable[Any], query: Query) -> Iterator[Found]:
        """The rows of a few keys."""
        found = [(number, row) for number, store in self._stores for key in keys for row in _of_key(store, key, query)]
        ordered = sorted(found, key=self.place, reverse=self.descending)
        return (one for one in ordered if self._is_behind(self.place(one)))

    def through(self, query: Query) -> Iterator[Found]:
        """All rows."""
        parts = [self._part(number, store, query) for number, store in self._stores]
        return heapq.merge(*parts, key=self.place, reverse=self.descending)

    def _part(self, partition: int, store: Any, query: Query) -> Iterator[Found]:
        """The rows of one task, in order."""
        after = self._after
        if after is not None:
            key = self._spec.key.decode(after.key)
            query = replace(query, after=(key, after.start))
            if self._is_behind((after.start or 0, after.key, partition)):
                # a topic not keyed by its partitioner has a key in several tasks: theirs stand side by side
                yield from ((partition, row) for row in _of_key(store, key, _window_of(after, query)))
        yield from ((partition, row) for row in store.scan(query))

    def _is_behind(self, place: Place) -> bool:
        if self._after is None:
            return True
        last = (self._after.start or 0, self._after.key, self._after.partition)
        return place < last if self.descending else place > last


def _window_of(cursor: Cursor, query: Query) -> Query:
    """The same query for nothing but the window at the cursor."""
    if cursor.start is None:
        return query
    first, end = query.from_ms or 0, query.to_ms
    return replace(
        query,
        from_ms=max(first, cursor.start),
        to_ms=cursor.start + 1 if end is None else min(end, cursor.start + 1),
    )


def _of_key(store: Any, key: Any, query: Query) -> Iterator[ScanRow]:
    """One key's rows: its windows, or the one it has."""
    if hasattr(store, "windows"):
        yield from store.windows(key, query)
    elif (found := store.peek(key)) is not None:
        yield ScanRow(key, None, *found)


def _wanted(key: str | None, prefix: str) -> Callable[[Any], bool]:
    if key is not None:
        return lambda found: text(plain(found)) == key
    return (lambda found: text(plain(found)).startswith(prefix)) if prefix else lambda found: True


def _take(
    found: Iterator[Found], wanted: Callable[[Any], bool], limit: int, at_once: int
) -> tuple[list[Found], Found | None]:
    """The rows whose key is wanted, and the last that was looked at unless it was the last of all."""
    items: list[Found] = []
    last: Found | None = None
    for looked, one in enumerate(found):
        if looked == at_once or len(items) == limit:
            return items, last
        last = one
        if wanted(one[1].key):
            items.append(one)
    return items, None


def _document(spec: StoreSpec, row: ScanRow) -> dict[str, Any]:
    window = None if row.start is None else {"start": row.start, "end": row.start + (spec.window_size or 0)}
    return {"key": row.key, "window": window, "value": row.value, "timestamp": row.timestamp}
