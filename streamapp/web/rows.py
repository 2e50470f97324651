"""Rows of a table in terms of JSON, and as the columns a page shows.

Knows nothing of stores or HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamapp.web.runtime import Page
from streamapp.worker.shown import plain_row, text

_COLUMNS = 8
"""More fields than this are shown as one JSON text."""


def document(page: Page) -> dict[str, Any]:
    """A page of rows as the API answers it."""
    return {
        "items": [plain_row(row) for row in page.items],
        "next": page.next,
        "incomplete": list(page.incomplete),
    }


@dataclass(frozen=True, slots=True)
class Line:
    """A row as a page shows it; `id` stays the same while the value changes."""

    id: str
    key: str
    start: int | None
    end: int | None
    cells: tuple[str, ...]
    numeric: tuple[bool, ...]
    timestamp: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows with the columns of their values: the fields where all values have a few, else one."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    windowed: bool


def grid(items: Sequence[Mapping[str, Any]], *, windowed: bool) -> Grid:
    """Rows of `document` as lines and columns."""
    values = [item["value"] for item in items]
    columns = _columns(values)
    return Grid(columns or ("Value",), tuple(_line(item, columns) for item in items), windowed)


def _columns(values: Iterable[Any]) -> tuple[str, ...]:
    """The fields of the values in order of appearance; none when they are not all small objects."""
    names: dict[str, None] = {}
    for value in values:
        if not isinstance(value, dict):
            return ()
        names.update(dict.fromkeys(value))
    return tuple(names) if len(names) <= _COLUMNS else ()


def _line(item: Mapping[str, Any], columns: tuple[str, ...]) -> Line:
    value, window = item["value"], item["window"]
    values = [value.get(name) for name in columns] if columns else [value]
    key = text(item["key"])
    return Line(
        id=key if window is None else f"{key}@{window['start']}",
        key=key,
        start=None if window is None else window["start"],
        end=None if window is None else window["end"],
        cells=tuple("" if value is None else text(value) for value in values),
        numeric=tuple(isinstance(value, int | float) and not isinstance(value, bool) for value in values),
        timestamp=item["timestamp"],
    )
