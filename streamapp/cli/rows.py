"""Rows of a table as text: JSON lines, or CSV of chosen columns.

A row is `{"key", "window": {"start", "end"} | null, "value", "timestamp"}` of JSON values. Knows nothing of
where rows come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeAlias

import orjson

from streamapp.errors import UsageError
from streamapp.suggestion import nearest
from streamapp.worker.shown import text

TableRow: TypeAlias = Mapping[str, Any]

FIELDS = ("key", "window", "value", "timestamp")
_SAMPLE = 1000
"""Rows looked at to tell a column that some rows lack from one that does not exist."""

_ABSENT: Any = object()


def has_key(row: TableRow, wanted: str) -> bool:
    """Whether `wanted` names the row's key: as it is, or as JSON."""
    return text(row["key"]) == wanted


def jsonl(rows: Iterable[TableRow]) -> Iterator[bytes]:
    """One line of JSON per row."""
    return (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def delimited(rows: Iterable[TableRow], columns: Sequence[str] | None, separator: str = ",") -> Iterator[bytes]:
    """One line of joined fields per row, without header or quoting; what is absent is empty.

    `columns` are paths such as `value.rows`; None: key, window start where there are windows, and value.
    Raises `UsageError` for a column that no row has, before the first line.
    """
    remaining = iter(rows)
    sample = list(islice(remaining, _SAMPLE))
    if columns is None:
        windowed = any(row["window"] for row in sample)
        columns = ("key", "window.start", "value") if windowed else ("key", "value")
    paths = [tuple(column.split(".")) for column in columns]
    for path in paths:
        _check(path, sample)
    return map(_line(paths, separator), chain(sample, remaining))


def _line(paths: Sequence[tuple[str, ...]], separator: str) -> Callable[[TableRow], bytes]:
    def line(row: TableRow) -> bytes:
        return (separator.join([_field(_at(row, path)) for path in paths]) + "\n").encode()

    return line


def _at(row: TableRow, path: tuple[str, ...]) -> Any:
    found: Any = row
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return _ABSENT
        found = found[name]
    return found


def _field(value: Any) -> str:
    return "" if value is None or value is _ABSENT else text(value)


def _check(path: tuple[str, ...], sample: Sequence[TableRow]) -> None:
    if path[0] in FIELDS and (not sample or any(_at(row, path) is not _ABSENT for row in sample)):
        return
    known = sorted({name for row in sample for name in _paths(row)} or FIELDS)
    column = ".".join(path)
    raise UsageError(f"no row has a column {column!r}: {nearest(column, known)}")


def _paths(value: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, inner in value.items():
        yield prefix + name
        if isinstance(inner, dict):
            yield from _paths(inner, f"{prefix}{name}.")
