"""Rows of a table as JSON lines and as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from streamapp.cli.rows import delimited, has_key, jsonl
from streamapp.errors import UsageError
from streamapp.worker.shown import plain_row


class Revenue(msgspec.Struct, frozen=True):
    """A value with fields."""

    rows: int
    pence: int
    by: dict[int, str] = {}


@dataclass(frozen=True)
class Point:
    """A value that is a dataclass."""

    x: float


def row_of(key: Any, window: tuple[int, int] | None, value: Any, timestamp: int) -> dict[str, Any]:
    """A row as it is printed."""
    span = None if window is None else {"start": window[0], "end": window[1]}
    return plain_row({"key": key, "window": span, "value": value, "timestamp": timestamp})


ROW = row_of("United Kingdom", (3_600_000, 7_200_000), Revenue(2, -15, {1: "a"}), 4_000_000)


def text(lines: Any) -> str:
    """What would be printed."""
    return b"".join(lines).decode()


def test_a_row_as_json() -> None:
    """Structs and dataclasses become objects, windows start and end, bytes text or base64."""
    assert text(jsonl([ROW])) == (
        '{"key":"United Kingdom","window":{"start":3600000,"end":7200000},'
        '"value":{"rows":2,"pence":-15,"by":{"1":"a"}},"timestamp":4000000}\n'
    )
    rows = [row_of(1, None, Point(0.5), 0), row_of(b"k", None, b"\xff", 0)]
    assert text(jsonl(rows)) == (
        '{"key":1,"window":null,"value":{"x":0.5},"timestamp":0}\n'
        '{"key":"k","window":null,"value":{"base64":"/w=="},"timestamp":0}\n'
    )


def test_csv_of_chosen_columns() -> None:
    """Nested paths, no header, no quoting."""
    lines = delimited([ROW], ["key", "window.start", "value.rows", "value.pence"])
    assert text(lines) == "United Kingdom,3600000,2,-15\n"


def test_csv_columns_by_default() -> None:
    """Key, the window's start where there are windows, and the value."""
    assert text(delimited([row_of("a", None, 3, 0)], None)) == "a,3\n"
    assert text(delimited([row_of("a", (0, 1), True, 0)], None)) == "a,0,true\n"
    assert text(delimited([], None)) == ""


def test_what_a_row_lacks_is_empty() -> None:
    """A column that another row has is no error."""
    rows = [row_of("a", None, {"x": 1}, 0), row_of("b", None, {"y": None}, 0), row_of(None, None, 5, 0)]
    assert text(delimited(rows, ["key", "value.x", "value.y"])) == "a,1,\nb,,\n,,\n"


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        ("value.row", "did you mean 'value.rows'"),
        ("window.begin", "did you mean"),
        ("pence", "did you mean 'value.pence'"),
        ("xyzzy", "there is key, timestamp, value, value.by"),
    ],
)
def test_a_column_that_no_row_has_is_refused(column: str, hint: str) -> None:
    """A misspelt column is named with the nearest one, before anything is printed."""
    with pytest.raises(UsageError, match=f"no row has a column '{column}': {hint}"):
        delimited([ROW], ["key", column])


def test_columns_of_an_empty_table() -> None:
    """Without rows only the first part of a path can be wrong."""
    assert text(delimited([], ["value.anything"])) == ""
    with pytest.raises(UsageError, match="no row has a column 'values': did you mean 'value'"):
        delimited([], ["values"])


def test_a_key_is_named_by_its_text_or_its_json() -> None:
    """`--key 7` finds the integer and the text."""
    assert has_key(row_of("7", None, 0, 0), "7")
    assert has_key(row_of(7, None, 0, 0), "7")
    assert has_key(row_of(["a", 1], None, 0, 0), '["a",1]')
    assert not has_key(row_of("x", None, 0, 0), "7")
