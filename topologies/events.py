"""The catalogue: every event of the shop and the topic it travels on.

Money is exact: pence as integers. Knows nothing of what is done with the events.
"""

from __future__ import annotations

from typing import Any, Self, TypeAlias

from msgspec import Struct

from streamapp import Topic


class OrderLine(Struct, frozen=True):
    """So many pieces of one article, at the price of one in pence."""

    sku: str
    quantity: int
    unit_pence: int


class OrderPlaced(Struct, frozen=True, tag=True):
    """A customer has checked out."""

    order_id: str
    customer_id: str
    country: str
    lines: tuple[OrderLine, ...]
    card: str = ""
    """What the bank knows the card by, never its number."""

    @property
    def pence(self) -> int:
        """What the order costs."""
        return sum(line.quantity * line.unit_pence for line in self.lines)

    @property
    def pieces(self) -> int:
        """How much is to be packed."""
        return sum(line.quantity for line in self.lines)


class OrderCancelled(Struct, frozen=True, tag=True):
    """The customer does not want the order any more; whether it is too late is found out by those who work on it."""

    order_id: str
    reason: str = ""


class OrderFact(Struct, frozen=True):
    """What every later event says of its order, so that nobody has to look it up."""

    order_id: str
    customer_id: str
    country: str
    pieces: int
    pence: int

    @classmethod
    def of(cls, event: OrderPlaced | OrderFact, **more: Any) -> Self:
        """The event of this kind that follows from another one of the same order."""
        return cls(event.order_id, event.customer_id, event.country, event.pieces, event.pence, **more)


class StockReserved(OrderFact, frozen=True, tag=True, kw_only=True):
    """The warehouse has put everything aside."""

    card: str = ""


class StockRefused(OrderFact, frozen=True, tag=True, kw_only=True):
    """The warehouse has not got everything, and puts nothing aside."""

    reason: str


class StockReleased(OrderFact, frozen=True, tag=True, kw_only=True):
    """What was put aside is back on the shelf."""

    reason: str


class PaymentCaptured(OrderFact, frozen=True, tag=True):
    """The order is paid."""


class PaymentFailed(OrderFact, frozen=True, tag=True, kw_only=True):
    """The order is not paid and will not be, and why; nothing was taken."""

    reason: str


class PaymentRefunded(OrderFact, frozen=True, tag=True, kw_only=True):
    """What was paid has been given back."""

    reason: str


class OrderShipped(OrderFact, frozen=True, tag=True):
    """The carrier has the parcel."""


class ShipmentFailed(OrderFact, frozen=True, tag=True, kw_only=True):
    """There will be no parcel, and why."""

    reason: str


OrderEvent: TypeAlias = OrderPlaced | OrderCancelled
StockEvent: TypeAlias = StockReserved | StockRefused | StockReleased
Payment: TypeAlias = PaymentCaptured | PaymentFailed | PaymentRefunded
Shipment: TypeAlias = OrderShipped | ShipmentFailed
ShopEvent: TypeAlias = OrderEvent | StockEvent | Payment | Shipment


class OrderTransitionRefused(Struct, frozen=True, tag=True):
    """Something happened to an order that its state does not allow: a cancellation of what was shipped, say."""

    order_id: str
    event: str
    """The type of the event that was refused."""
    status: str
    """What the order was at the time."""
    reason: str


class Source(Struct, frozen=True):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


class HistoryEntry(Struct, frozen=True):
    """One line of an order's audit trail."""

    order_id: str
    customer_id: str
    number: int
    """1, 2, 3 … for each order."""
    event: ShopEvent | OrderTransitionRefused
    status: str
    """What the order is after it."""
    source: Source
    """The record that brought it."""


class StockDelivered(Struct, frozen=True, tag=True):
    """So many pieces of an article have come to the warehouse of a country."""

    country: str
    sku: str
    pieces: int


class Email(Struct, frozen=True):
    """What a customer is told."""

    order_id: str
    customer_id: str
    subject: str
    body: str
    message_id: str = ""
    """The same for the same mail, also when it is sent again."""


class EmailSent(Struct, frozen=True):
    """A mail server has taken an e-mail."""

    order_id: str
    message_id: str


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


class FraudRule(Struct, frozen=True):
    """What a check of the topology `fraud` allows within `within` ms; the key it is written under is the check."""

    limit: float
    within: int
    least: int = 1
    """Orders a customer must have made before their average says anything."""
    on: bool = True


class Attempt(Struct, frozen=True):
    """An order as the checks see it."""

    order_id: str
    at: int
    """ms since the epoch."""
    pence: int
    country: str
    card: str
    event: str = ""
    """The id of the event `OrderPlaced`."""


class FraudSuspected(Struct, frozen=True, tag=True):
    """An order breaks a rule."""

    order_id: str
    customer_id: str
    check: str
    rule: FraudRule
    """As it was then."""
    causes: tuple[Attempt, ...]
    """The orders that break it together, the suspected one last."""


class Label(Struct, frozen=True, tag=True):
    """What came out about a customer, long after or at once, as a model is to learn it: a refund, say."""

    customer_id: str
    at: int
    """The time (ms) as of which a model would have had to know it."""
    name: str
    value: float


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

# Keyed by order id, so that all that happens to one order meets in one task, whichever topics that reads.
ORDERS = Topic("orders", key=str, value=OrderEvent)
STOCK = Topic("stock", key=str, value=StockEvent)
PAYMENTS = Topic("payments", key=str, value=Payment)
SHIPMENTS = Topic("shipments", key=str, value=Shipment)
ORDER_HISTORY = Topic("order-history", key=str, value=HistoryEntry)
EMAILS = Topic("emails", key=str, value=Email)
EMAILS_SENT = Topic("emails-sent", key=str, value=EmailSent)

# Keyed by customer; the rules by check.
FRAUD_RULES = Topic("fraud-rules", key=str, value=FraudRule)
FRAUD_ALERTS = Topic("fraud-alerts", key=str, value=FraudSuspected)
LABELS = Topic("labels", key=str, value=Label)

# Keyed by country: each has a warehouse.
DELIVERIES = Topic("deliveries", key=str, value=StockDelivered)

# Keyed by user id.
USERS = Topic("users", key=str, value=User)
ACTIVITY = Topic("activity", key=str, value=Activity)
ENRICHED_ACTIVITY = Topic("enriched-activity", key=str, value=EnrichedActivity)

# Keyed by customer, null where the customer is not known.
RETAIL = Topic("retail", key=str, value=RetailRow)
