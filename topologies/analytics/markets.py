"""What each country has bought: lines, money, invoices of every kind, and customers.

Lines without a customer count too. Which invoices and customers have come from a country is kept in a store beside
the table; a customer who moves counts in both countries.
"""

from __future__ import annotations

from msgspec import Struct

from streamapp import Record, Topology, ValueContext, ValueProcessor, key_value_store, stream
from topologies.events import RETAIL, RetailRow

SEEN = key_value_store("seen-in-country", key=tuple[str, str, str], value=bool)


class Sale(Struct, frozen=True):
    """What counts of an invoice line, and how many invoices and customers are new with it: 0 or 1."""

    pence: int
    invoices: int
    customers: int


class Market(Struct, frozen=True):
    """Lines, pence, and different invoices and customers."""

    rows: int = 0
    net_pence: int = 0
    invoices: int = 0
    customers: int = 0


def country(row: RetailRow) -> str:
    """Where the customer lives."""
    return row.country


class NewInCountry(ValueProcessor[str, RetailRow, Sale]):
    """Tells of each line whether its invoice and its customer are new in the country."""

    def init(self, context: ValueContext[Sale]) -> None:
        """Finds the store."""
        self.context = context
        self.seen = context.store(SEEN)

    def process(self, record: Record[str, RetailRow]) -> None:
        """Passes on what counts of the line."""
        row = record.value
        invoices = self.count(record.key, "invoice", row.invoice)
        customers = 0 if row.customer is None else self.count(record.key, "customer", row.customer)
        self.context.forward(Sale(row.pence, invoices, customers))

    def count(self, country: str, kind: str, name: str) -> int:
        """1 the first time, 0 from then on."""
        return int(self.seen.put_if_absent((country, kind, name), True) is None)


def add(market: Market, sale: Sale) -> Market:
    """The market with one more line."""
    return Market(
        market.rows + 1,
        market.net_pence + sale.pence,
        market.invoices + sale.invoices,
        market.customers + sale.customers,
    )


markets = (
    stream(RETAIL)
    .select_key(country)
    .repartition("by-country")
    .process_values(NewInCountry, "new-in-country", stores=[SEEN])
    .group_by_key()
    .aggregate(Market, add, "markets")
)

topology = Topology("markets", markets)
