"""What importers make of a row of CSV: an event, or an error that names file, line, column and value.

Knows nothing of data sets.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from streamapp.errors import UsageError

Event: TypeAlias = tuple[int, bytes | None, bytes]
"""Timestamp (ms), key, value."""

Reader: TypeAlias = Callable[[str], int]
"""Reads a column's text as a number; raises `ValueError` that says what was expected."""


def rows_of(lines: Iterable[str], name: str, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each row of a CSV file with a header; raises `UsageError` for another header."""
    reader = csv.reader(lines, strict=True)
    try:
        check_header(next(reader, []), name, columns)
        for fields in reader:
            yield reader.line_num, fields
    except csv.Error as error:
        raise UsageError(f"{name}, line {reader.line_num}: not CSV: {error}") from error


def check_header(header: list[str], name: str, columns: Sequence[str]) -> None:
    """Raises `UsageError` when the columns are not those of the data set."""
    if header and header[0].startswith("\ufeff"):
        raise UsageError(f"{name}, line 1: starts with a byte order mark: save it as UTF-8 without one")
    if header != list(columns):
        missing = [column for column in columns if column not in header]
        problem = f"column {missing[0]!r} is missing" if missing else f"the columns are {','.join(header)}"
        raise UsageError(f"{name}, line 1: {problem}: expected {','.join(columns)}")


def problem_of(fields: list[str], columns: Sequence[str], readers: Mapping[str, Callable[[str], object]]) -> str:
    """Which column of a bad row is wrong, and how."""
    if len(fields) != len(columns):
        return f"{len(fields)} fields: expected {len(columns)}, {','.join(columns)}"
    for column, text in zip(columns, fields, strict=True):
        try:
            readers.get(column, len)(text)
        except ValueError as error:
            return f"column {column} is {text!r}: expected {error}"
    raise AssertionError("a row that cannot be read has a field that cannot be read")


def milliseconds(text: str) -> int:
    """`2010-12-01 08:26:00`, taken as UTC, in ms since the epoch."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        raise ValueError("a time such as 2010-12-01 08:26:00") from None


def whole_number(text: str) -> int:
    """A quantity."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number") from None


def remembering(read: Reader) -> Reader:
    """The same function, quick for the few texts that most rows share."""
    known: dict[str, int] = {}

    def lookup(text: str) -> int:
        number = known.get(text)
        if number is None:
            number = known[text] = read(text)
        return number

    return lookup
