"""CQRS, another projection of the same history: what the shop knows of each customer.

The row of a customer says up to which records it has come, partition by partition, of those that were about them.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from streamapp import Topology, stream
from topologies.events import (
    ORDER_HISTORY,
    HistoryEntry,
    OrderPlaced,
    OrderTransitionRefused,
    PaymentCaptured,
    PaymentRefunded,
)
from topologies.order import FINAL
from topologies.orders_read_model import place


class Customer(Struct, frozen=True):
    """Orders of a customer, and the pence they have paid and got back."""

    orders: int = 0
    captured: int = 0
    refunded: int = 0
    ended: dict[str, int] = {}
    """How many orders have ended in which way."""
    last_order: str = ""
    passed: dict[str, int] = {}
    """The last record of each partition that is in the row."""


def customer(entry: HistoryEntry) -> str:
    """Whose order it is."""
    return entry.customer_id


def is_known(entry: HistoryEntry) -> bool:
    """Whether there is an order at all: a cancellation of none has no customer."""
    return entry.customer_id != ""


def count(row: Customer, entry: HistoryEntry) -> Customer:
    """The row with one more entry."""
    at = place(entry.source)
    row = replace(row, passed={**row.passed, at: max(entry.source.offset, row.passed.get(at, 0))})
    match entry.event:
        case OrderTransitionRefused():
            return row
        case OrderPlaced():
            row = replace(row, orders=row.orders + 1, last_order=entry.order_id)
        case PaymentCaptured():
            row = replace(row, captured=row.captured + entry.event.pence)
        case PaymentRefunded():
            row = replace(row, refunded=row.refunded + entry.event.pence)
    if entry.status in FINAL:
        row = replace(row, ended={**row.ended, entry.status: row.ended.get(entry.status, 0) + 1})
    return row


customers = (
    stream(ORDER_HISTORY).filter(is_known).group_by(customer, "by-customer").aggregate(Customer, count, "customers")
)

topology = Topology("customer-dashboard", customers)
