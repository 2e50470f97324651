"""What each customer has ordered and cancelled: invoices, lines and money.

An invoice has many lines, and counts with the first that comes. Which ones have come is kept in a store beside the
table, so that a row of the table stays small. Lines without a customer are left out.
"""

from __future__ import annotations

from msgspec import Struct

from streamapp import Record, Topology, ValueContext, ValueProcessor, key_value_store, stream
from topologies.events import RETAIL, RetailRow

INVOICES_SEEN = key_value_store("invoices-seen", key=tuple[str, str], value=bool)


class Line(Struct, frozen=True):
    """What counts of an invoice line; `first`: the first of its invoice."""

    pence: int
    cancelled: bool
    first: bool


class Customer(Struct, frozen=True):
    """Orders are invoices that cancel nothing; gross is their money, net that of all lines."""

    orders: int = 0
    cancel_invoices: int = 0
    rows: int = 0
    net_pence: int = 0
    gross_pence: int = 0


def has_customer(row: RetailRow) -> bool:
    """Whether it is known who bought."""
    return row.customer is not None


class FirstOfInvoice(ValueProcessor[str, RetailRow, Line]):
    """Tells of each line whether it is the first of its invoice."""

    def init(self, context: ValueContext[Line]) -> None:
        """Finds the store."""
        self.context = context
        self.seen = context.store(INVOICES_SEEN)

    def process(self, record: Record[str, RetailRow]) -> None:
        """Passes on what counts of the line."""
        row = record.value
        first = self.seen.put_if_absent((record.key, row.invoice), True) is None
        self.context.forward(Line(row.pence, row.invoice.startswith("C"), first))


def add(customer: Customer, line: Line) -> Customer:
    """The customer with one more line."""
    return Customer(
        customer.orders + (line.first and not line.cancelled),
        customer.cancel_invoices + (line.first and line.cancelled),
        customer.rows + 1,
        customer.net_pence + line.pence,
        customer.gross_pence + (0 if line.cancelled else line.pence),
    )


customers = (
    stream(RETAIL)
    .filter(has_customer)
    .process_values(FirstOfInvoice, "first-of-invoice", stores=[INVOICES_SEEN])
    .group_by_key()
    .aggregate(Customer, add, "customers")
)

topology = Topology("customers", customers)
