"""A whole file of Online Retail, with everything that makes such files dirty, as events."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import msgspec
import pytest

from streamapp.cli.importers.files import lines_of
from streamapp.cli.importers.online_retail import RetailRow, events

FILE = Path(__file__).parents[2] / "fixtures" / "retail-small.csv"

Event = tuple[int, bytes | None, RetailRow]


@pytest.fixture(scope="module")
def read() -> list[Event]:
    """The file as the importer reads it."""
    decode = msgspec.json.Decoder(RetailRow).decode
    return [(time, key, decode(value)) for time, key, value in events(lines_of(FILE), str(FILE))]


def plainly() -> list[Event]:
    """The same rows by the standard library alone: decimals for money, the csv module's dictionaries."""
    rows = []
    with FILE.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            quantity, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
            pence = (quantity * price * 100).quantize(Decimal(1), ROUND_HALF_EVEN)
            moment = datetime.strptime(row["InvoiceDate"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            value = RetailRow(
                row=number,
                invoice=row["InvoiceNo"],
                stock_code=row["StockCode"],
                description=row["Description"],
                quantity=quantity,
                mills=int(price * 1000),
                pence=int(pence),
                customer=row["CustomerID"] or None,
                country=row["Country"],
            )
            rows.append((int(moment.timestamp()) * 1000, row["CustomerID"].encode() or None, value))
    return rows


def test_every_row_is_what_plain_arithmetic_says(read: list[Event]) -> None:
    """None is left out, repeated or out of place."""
    assert read == plainly()


def test_the_dirt_is_kept(read: list[Event]) -> None:
    """The file holds what the real one does, and none of it is cleaned away."""
    rows = [value for _, _, value in read]
    times = [time for time, _, _ in read]
    contents = Counter((row.invoice, row.stock_code, row.description, row.quantity, row.mills) for row in rows)
    assert times == sorted(times)
    assert max(contents.values()) == 2, "a line may be repeated in an invoice"
    assert {row.invoice[0] for row in rows} == {"7", "C", "A"}
    assert all(row.quantity < 0 for row in rows if row.invoice.startswith("C"))
    assert {"10101A", "10101a"} <= {row.stock_code for row in rows}
    descriptions = {row.description for row in rows}
    assert {"", " JUG  ENAMEL ", 'LANTERN "HARBOUR" 12"', "BADGE £1 OFFER", "LETTER RACK\nTWO SHELVES"} <= descriptions
    assert [row.pence for row in rows if row.stock_code == "77001"] == [0, 2, 2, -2]
    assert len({row.country for row in rows if row.customer == "20002"}) == 2
    assert any(key is None for _, key, _ in read)
