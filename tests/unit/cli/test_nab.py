"""Readings of the Numenta Anomaly Benchmark as events: exact integers, times in UTC, errors that name the place."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp.cli.importers.nab import Reading, events, nano
from streamapp.errors import UsageError

HEADER = "timestamp,value\n"
ROW = "2013-12-02 21:15:00,73.96732207\n"


def read(*lines: str) -> list[tuple[int, bytes | None, Reading]]:
    """The events of a sensor's file with these data rows."""
    decode = msgspec.json.Decoder(Reading).decode
    return [(time, key, decode(value)) for time, key, value in events([HEADER, *lines], "file.csv", "machine")]


def test_a_row_becomes_an_event_keyed_by_the_sensor() -> None:
    """With the number, its text and the integer; the time is UTC."""
    expected = Reading(0, 73.96732207, "73.96732207", 73_967_322_070)
    assert read(ROW) == [(1_386_018_900_000, b"machine", expected)]


def test_rows_keep_the_order_of_the_file() -> None:
    """Also where times go back: that is for those who read them."""
    earlier = ROW.replace("21:15", "21:10")
    assert [(value.row, time) for time, _, value in read(ROW, earlier)] == [
        (0, 1_386_018_900_000),
        (1, 1_386_018_600_000),
    ]


@given(st.decimals(-10_000, 10_000, places=12))
def test_integers_are_rounded_half_to_even(value: Decimal) -> None:
    """As exact decimals are."""
    exact = int((value * 10**9).quantize(Decimal(1), ROUND_HALF_EVEN))
    assert nano(str(value)) == exact


@pytest.mark.parametrize(("text", "integer"), [("2", 2 * 10**9), ("-0.5", -5 * 10**8), ("1e-9", 1), ("2.5e-9", 2)])
def test_nano(text: str, integer: int) -> None:
    """Whole, negative and tiny numbers."""
    assert nano(text) == integer


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (ROW.replace("73.96732207", "hot"), "column value is 'hot': expected a decimal number"),
        (ROW.replace("73.96732207", "nan"), "column value is 'nan': expected a finite number"),
        (ROW.replace("2013-12-02", "yesterday"), "column timestamp is 'yesterday 21:15:00': expected a time such as"),
        ("2013-12-02 21:15:00\n", "1 fields: expected 2, timestamp,value"),
    ],
)
def test_a_bad_row_is_named_with_file_line_and_column(row: str, problem: str) -> None:
    """The row before it is read."""
    with pytest.raises(UsageError) as error:
        read(ROW, row)
    assert str(error.value).startswith(f"file.csv, line 3: {problem}")


def test_another_header_is_refused() -> None:
    """With the columns that are expected."""
    with pytest.raises(UsageError, match="line 1: column 'value' is missing: expected timestamp,value"):
        list(events(["timestamp,degrees\n", ROW], "file.csv", "machine"))
