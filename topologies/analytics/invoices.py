"""Each invoice: its lines, pieces and money, and when its first and its last line were written (ms)."""

from __future__ import annotations

from msgspec import Struct

from streamapp import Record, Topology, ValueContext, ValueProcessor, stream
from topologies.events import RETAIL, RetailRow


class Line(Struct, frozen=True):
    """What counts of an invoice line, with its time."""

    invoice: str
    quantity: int
    pence: int
    time: int


class Invoice(Struct, frozen=True):
    """All lines of an invoice; the time of the first is `first`, of the last `last`, in whatever order they come."""

    rows: int = 0
    net_quantity: int = 0
    net_pence: int = 0
    first: int = 0
    last: int = 0


class WithTime(ValueProcessor[str, RetailRow, Line]):
    """Writes a record's time into its value, for aggregates see values alone."""

    def init(self, context: ValueContext[Line]) -> None:
        """Remembers where results go."""
        self.context = context

    def process(self, record: Record[str, RetailRow]) -> None:
        """Passes on what counts of the line."""
        row = record.value
        self.context.forward(Line(row.invoice, row.quantity, row.pence, record.timestamp))


def invoice(line: Line) -> str:
    """The invoice's number."""
    return line.invoice


def add(invoice: Invoice, line: Line) -> Invoice:
    """The invoice with one more line."""
    return Invoice(
        invoice.rows + 1,
        invoice.net_quantity + line.quantity,
        invoice.net_pence + line.pence,
        min(invoice.first, line.time) if invoice.rows else line.time,
        max(invoice.last, line.time),
    )


invoices = (
    stream(RETAIL)
    .process_values(WithTime, "with-time")
    .group_by(invoice, "by-invoice")
    .aggregate(Invoice, add, "invoices")
)

topology = Topology("invoices", invoices)
