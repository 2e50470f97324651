"""The catalogue: every event of the shop and the topic it travels on.

Money is exact: pence as integers. Knows nothing of what is done with the events.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from streamapp import Topic


class OrderLine(Struct, frozen=True):
    """So many pieces of one article, at the price of one in pence."""

    sku: str
    quantity: int
    unit_pence: int


class OrderPlaced(Struct, frozen=True):
    """A customer has checked out."""

    order_id: str
    customer_id: str
    country: str
    lines: tuple[OrderLine, ...]

    @property
    def pence(self) -> int:
        """What the order costs."""
        return sum(line.quantity * line.unit_pence for line in self.lines)


class PaymentCaptured(Struct, frozen=True, tag=True):
    """The order is paid."""

    order_id: str
    pence: int


class PaymentFailed(Struct, frozen=True, tag=True):
    """The order is not paid, and why."""

    order_id: str
    pence: int
    reason: str


Payment: TypeAlias = PaymentCaptured | PaymentFailed


class Email(Struct, frozen=True):
    """What a customer is told."""

    order_id: str
    customer_id: str
    subject: str
    body: str


class User(Struct, frozen=True):
    """What the shop knows of a visitor."""

    name: str
    country: str
    segment: str


class Activity(Struct, frozen=True):
    """A visitor has done something on a page."""

    user_id: str
    action: str
    page: str


class EnrichedActivity(Struct, frozen=True):
    """An activity, with who did it."""

    user_id: str
    name: str
    country: str
    segment: str
    action: str
    page: str


class RetailRow(Struct, frozen=True):
    """One line of an invoice, as `streamapp import online-retail` writes it; `mills` are 1/1000 of a pound."""

    row: int
    invoice: str
    stock_code: str
    description: str
    quantity: int
    mills: int
    pence: int
    customer: str | None
    country: str


MESSAGES = Topic("input-topic", key=str, value=str)
IMPORTANT_MESSAGES = Topic("output-topic", key=str, value=str)

# Keyed by order id. Orders are also read as a table, so their topic is compacted; that loses nothing, for each order
# is placed once.
ORDERS = Topic("orders", key=str, value=OrderPlaced)
PAYMENTS = Topic("payments", key=str, value=Payment)
EMAILS = Topic("emails", key=str, value=Email)

# Keyed by user id.
USERS = Topic("users", key=str, value=User)
ACTIVITY = Topic("activity", key=str, value=Activity)
ENRICHED_ACTIVITY = Topic("enriched-activity", key=str, value=EnrichedActivity)

# Keyed by customer, null where the customer is not known.
RETAIL = Topic("retail", key=str, value=RetailRow)
