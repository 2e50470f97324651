"""A change of a table's row, and the record that caused it. Knows nothing of how it came about."""

from __future__ import annotations

from typing import Any, NamedTuple

from streamapp.engine.specs import TableSpec
from streamapp.state.table_rows import TableRow


class Cause(NamedTuple):
    """A record of a topic that somebody outside the topology has written."""

    topic: str
    partition: int
    offset: int


class Change(NamedTuple):
    """What a row of a table became: `row.value` None where it was deleted."""

    table: TableSpec
    partition: int
    row: TableRow
    cause: Cause


def row_put(table: TableSpec, arguments: tuple[Any, ...]) -> TableRow:
    """The row that a `put` with these arguments makes in the table's store."""
    if table.store.kind == "window":
        key, start, value, timestamp = arguments
        return TableRow(key, start, start + (table.store.window_size or 0), value, timestamp)
    key, value, timestamp = arguments
    if table.windowed:
        inner, start, end = table.store.key.decode(table.store.key.encode(key))
        return TableRow(inner, start, end, value, timestamp)
    return TableRow(key, None, None, value, timestamp)


def place_of(table: TableSpec, row: TableRow) -> tuple[bytes, int | None, int | None]:
    """What tells a row of a table from all others in its partition."""
    return table.key.encode(row.key), row.start, row.end
