"""UCI Online Retail as events: one per CSV row, with money in integers.

Turns lines of text into keys, values and timestamps. Knows nothing of topics or files' compression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from streamapp.cli.importers.events import Event, milliseconds, problem_of, remembering, rows_of, whole_number
from streamapp.errors import UsageError

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
    encode = msgspec.json.Encoder().encode
    times = remembering(milliseconds)
    prices = remembering(mills)
    for row, (line, fields) in enumerate(rows_of(lines, name, COLUMNS)):
        try:
            invoice, stock_code, description, quantity_text, date, price_text, customer, country = fields
            quantity = int(quantity_text)
            price = prices(price_text)
            time = times(date)
        except ValueError:
            raise UsageError(f"{name}, line {line}: {problem_of(fields, COLUMNS, _READERS)}") from None
        amount = pence(quantity, price)
        value = RetailRow(row, invoice, stock_code, description, quantity, price, amount, customer or None, country)
        yield time, customer.encode() or None, encode(value)


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


_READERS = {"Quantity": whole_number, "InvoiceDate": milliseconds, "UnitPrice": mills}
