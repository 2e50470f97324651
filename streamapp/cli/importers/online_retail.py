"""UCI Online Retail as events: one per CSV row, with money in integers.

Turns lines of text into keys, values and timestamps. Knows nothing of topics or files' compression.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from streamapp.errors import UsageError

if TYPE_CHECKING:
    import _csv

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)

Event: TypeAlias = tuple[int, bytes | None, bytes]
"""Timestamp (ms), key, value."""

_PRICE = re.compile(r"(-?)(\d+)(?:\.(\d{1,3}))?")


class RetailRow(msgspec.Struct, frozen=True):
    """The value of an event: `mills` is 1000 unit prices, `pence` the exact amount, rounded half to even."""

    row: int
    invoice: str
    stock_code: str
    description: str
    quantity: int
    mills: int
    pence: int
    customer: str | None
    country: str


def events(lines: Iterable[str], name: str) -> Iterator[Event]:
    """The events of a CSV file with a header, in the file's order; key: the customer, None when missing.

    Raises `UsageError` naming file, line, column and value where the file is not what it should be.
    """
    reader = csv.reader(lines, strict=True)
    try:
        _check_header(next(reader, []), name)
        yield from _rows(reader, name)
    except csv.Error as error:
        raise UsageError(f"{name}, line {reader.line_num}: not CSV: {error}") from error


def pence(quantity: int, mills: int) -> int:
    """Quantity times price in pence, rounded half to even; integers only, since floats are off by a penny."""
    whole, tenths = divmod(quantity * mills, 10)
    return whole + (tenths > 5 or (tenths == 5 and whole % 2 == 1))


def mills(price: str) -> int:
    """A price such as `2.55` times 1000; raises `ValueError` for anything that is not exact in mills."""
    match = _PRICE.fullmatch(price)
    if match is None:
        raise ValueError("a decimal number with at most three places")
    sign, whole, places = match.groups(default="")
    return int(f"{sign}{whole}{places:0<3}")


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


def _check_header(header: list[str], name: str) -> None:
    if header and header[0].startswith("\ufeff"):
        raise UsageError(f"{name}, line 1: starts with a byte order mark: save it as UTF-8 without one")
    if tuple(header) != COLUMNS:
        missing = [column for column in COLUMNS if column not in header]
        problem = f"column {missing[0]!r} is missing" if missing else f"the columns are {','.join(header)}"
        raise UsageError(f"{name}, line 1: {problem}: expected {','.join(COLUMNS)}")


def _rows(reader: _csv.Reader, name: str) -> Iterator[Event]:
    encode = msgspec.json.Encoder().encode
    times = _remembering(milliseconds)
    prices = _remembering(mills)
    for row, fields in enumerate(reader):
        try:
            invoice, stock_code, description, quantity_text, date, price_text, customer, country = fields
            quantity = int(quantity_text)
            price = prices(price_text)
            time = times(date)
        except ValueError:
            raise UsageError(f"{name}, line {reader.line_num}: {_problem(fields)}") from None
        amount = pence(quantity, price)
        value = RetailRow(row, invoice, stock_code, description, quantity, price, amount, customer or None, country)
        yield time, customer.encode() or None, encode(value)


def _problem(fields: list[str]) -> str:
    """Which column of a bad row is wrong, and how."""
    if len(fields) != len(COLUMNS):
        return f"{len(fields)} fields: expected {len(COLUMNS)}, {','.join(COLUMNS)}"
    readers: dict[str, Callable[[str], int]] = {
        "Quantity": whole_number,
        "InvoiceDate": milliseconds,
        "UnitPrice": mills,
    }
    for column, text in zip(COLUMNS, fields, strict=True):
        try:
            readers.get(column, len)(text)
        except ValueError as error:
            return f"column {column} is {text!r}: expected {error}"
    raise AssertionError("a row that cannot be read has a field that cannot be read")


def _remembering(read: Callable[[str], int]) -> Callable[[str], int]:
    """The same function, quick for the few texts that most rows share."""
    known: dict[str, int] = {}

    def lookup(text: str) -> int:
        number = known.get(text)
        if number is None:
            number = known[text] = read(text)
        return number

    return lookup
