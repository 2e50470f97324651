"""Rows of Online Retail as events: exact money, times in UTC, and errors that name the place."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamapp.cli.importers.online_retail import RetailRow, events, mills, pence
from streamapp.errors import UsageError

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
ROW = "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"


def read(*lines: str) -> list[tuple[int, bytes | None, RetailRow]]:
    """The events of a file with these data rows."""
    decode = msgspec.json.Decoder(RetailRow).decode
    return [(time, key, decode(value)) for time, key, value in events([HEADER, *lines], "retail.csv")]


def test_a_row_becomes_an_event_keyed_by_customer() -> None:
    """Every field has its place, and the invoice date is UTC."""
    expected = RetailRow(0, "536365", "85123A", "WHITE HEART", 6, 2550, 1530, "17850", "United Kingdom")
    assert read(ROW) == [(1_291_191_960_000, b"17850", expected)]


def test_a_missing_customer_is_a_null_key() -> None:
    """A quarter of the rows have no customer; all other fields stay as they are, spaces included."""
    [(_, key, value)] = read('C1,POST," two, ""spaces"" £ ",-3,2010-12-01 08:26:00,0.001,,France\n')
    assert key is None
    assert value == RetailRow(0, "C1", "POST", ' two, "spaces" £ ', -3, 1, 0, None, "France")


def test_rows_are_numbered_by_record_not_by_line() -> None:
    """A quoted line break does not count as a row."""
    rows = read(ROW.replace("WHITE HEART", '"WHITE\nHEART"'), ROW)
    assert [value.row for _, _, value in rows] == [0, 1]


@given(st.integers(-100_000, 100_000), st.decimals(-20_000, 40_000, places=3))
def test_pence_are_exact_and_rounded_half_to_even(quantity: int, price: Decimal) -> None:
    """Integer arithmetic gives what exact decimals give, for cancellations too."""
    exact = (quantity * price * 100).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert pence(quantity, mills(str(price))) == exact


@pytest.mark.parametrize(("price", "value"), [("2", 2000), ("2.5", 2500), ("-11062.06", -11062060), ("0.001", 1)])
def test_mills(price: str, value: int) -> None:
    """Prices have up to three places and may be negative."""
    assert mills(price) == value


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (ROW.replace("6,2010", "six,2010"), "column Quantity is 'six': expected a whole number"),
        (
            ROW.replace("2010-12-01 08", "12/1/2010 8"),
            "column InvoiceDate is '12/1/2010 8:26:00': expected a time",
        ),
        (ROW.replace("2.55", "2,55"), "9 fields: expected 8"),
        (ROW.replace("2.55", "2.5555"), "column UnitPrice is '2.5555': expected a decimal number"),
        (ROW.replace("2.55", "nan"), "column UnitPrice is 'nan'"),
        ("\n", "0 fields: expected 8"),
    ],
)
def test_a_bad_row_names_file_line_column_and_value(row: str, problem: str) -> None:
    """The place of an error can be opened in an editor; rows before it are given first."""
    with pytest.raises(UsageError) as raised:
        read(ROW, row)
    assert str(raised.value).startswith(f"retail.csv, line 3: {problem}"), raised.value


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("", "column 'InvoiceNo' is missing"),
        (
            HEADER.replace("CustomerID", "Customer ID"),
            "column 'CustomerID' is missing: expected InvoiceNo,StockCode",
        ),
        ("\ufeff" + HEADER, "starts with a byte order mark"),
        ("Country," + HEADER.replace(",Country", ""), "the columns are Country,InvoiceNo"),
    ],
)
def test_a_file_with_other_columns_is_refused(header: str, problem: str) -> None:
    """Another export of the data set is named for what it is, before anything is read."""
    with pytest.raises(UsageError, match=rf"retail\.csv, line 1: {problem}"):
        list(events([header], "retail.csv"))


def test_broken_quoting_is_named() -> None:
    """A file that ends within quotes is not CSV."""
    with pytest.raises(UsageError, match=r"retail\.csv, line \d: not CSV"):
        read('536365,85123A,"WHITE')
