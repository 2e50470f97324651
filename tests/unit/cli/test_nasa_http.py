"""Requests to NASA's web server as events: times in ms, nothing of a URL lost, errors that name the place."""

from __future__ import annotations

import msgspec
import pytest

from streamapp.cli.importers.nasa_http import WebRequest, events
from streamapp.errors import UsageError

HEADER = "time,host,method,url,status,bytes\n"
ROW = "807249601,h0001,GET,/shuttle/missions/,200,1839\n"


def read(*lines: str) -> list[tuple[int, bytes | None, WebRequest]]:
    """The events of a file with these data rows."""
    decode = msgspec.json.Decoder(WebRequest).decode
    return [(time, key, decode(value)) for time, key, value in events([HEADER, *lines], "log.csv")]


def test_a_row_becomes_an_event_keyed_by_host() -> None:
    """Every field has its place; seconds become milliseconds."""
    expected = WebRequest(0, "h0001", "GET", "/shuttle/missions/", 200, 1839)
    assert read(ROW) == [(807_249_601_000, b"h0001", expected)]


def test_a_url_is_kept_as_it_is() -> None:
    """With its question mark, a comma in quotes and what is not ASCII."""
    (_, _, value), (_, _, other) = read(
        ROW.replace("/shuttle/missions/", '"/cgi?12,3"'), ROW.replace("/shuttle/missions/", "/é")
    )
    assert (value.url, other.url) == ("/cgi?12,3", "/é")
    assert (value.row, other.row) == (0, 1)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (ROW.replace("200", "OK"), "column status is 'OK': expected a whole number"),
        (ROW.replace("1839", "-"), "column bytes is '-': expected a whole number"),
        (ROW.replace("807249601", "noon"), "column time is 'noon': expected a whole number"),
        ("807249601,h0001,GET,/,200\n", "5 fields: expected 6, time,host,method,url,status,bytes"),
    ],
)
def test_a_bad_row_is_named_with_file_line_and_column(row: str, problem: str) -> None:
    """The row before it is read."""
    with pytest.raises(UsageError) as error:
        read(ROW, row)
    assert str(error.value) == f"log.csv, line 3: {problem}"


def test_another_header_is_refused() -> None:
    """With the column that is missing."""
    with pytest.raises(UsageError, match="line 1: column 'bytes' is missing"):
        list(events(["time,host,method,url,status\n"], "log.csv"))
