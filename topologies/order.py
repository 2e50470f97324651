"""The order as an aggregate: what may happen to it, in which order, and what it is after that.

Nothing is stored but events: an order is what `replay` makes of them, in the topology, in the projections and in tests.
Events come from topics that have no order among each other: one that comes before its cause waits for it, one that the
order's state does not allow is refused, and the refusal is an event, too. Knows nothing of topics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from topologies.events import (
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    OrderShipped,
    OrderTransitionRefused,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    ShipmentFailed,
    ShopEvent,
    StockRefused,
    StockReleased,
    StockReserved,
)

Recorded = ShopEvent | OrderTransitionRefused

FINAL = ("shipped", "rejected", "cancelled", "failed")


class Order(Struct, frozen=True):
    """All that is known of an order; pence."""

    order_id: str = ""
    customer_id: str = ""
    country: str = ""
    lines: tuple[OrderLine, ...] = ()
    pence: int = 0
    stock: Literal["", "reserved", "refused", "released"] = ""
    payment: Literal["", "captured", "failed", "refunded"] = ""
    shipment: Literal["", "shipped", "failed"] = ""
    cancelled: bool = False
    """The customer has asked for it in time, as far as is known yet."""
    reason: str = ""
    early: tuple[ShopEvent, ...] = ()
    """Events whose cause has not been heard of yet."""

    @property
    def status(self) -> str:
        """One word: placed, reserved, paid, cancelling, compensating, or one of `FINAL`."""
        if self.shipment == "shipped":
            return "shipped"
        if self.payment in ("failed", "refunded") and self.stock in ("refused", "released"):
            return "cancelled" if self.cancelled else "failed" if self.shipment else "rejected"
        if self.shipment == "failed" or self.payment == "failed" or self.stock == "refused":
            return "compensating"
        if self.cancelled:
            return "cancelling"
        return {"captured": "paid", "": "reserved" if self.stock else "placed" if self.order_id else "unknown"}[
            self.payment
        ]

    @property
    def final(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status in FINAL


Verdict = Literal["now", "early", "never"]


def judge(order: Order, event: ShopEvent) -> Verdict:
    """Whether an event may happen to an order as it is, is ahead of its cause, or may not happen any more."""
    if order.final:
        return "never"
    match event:
        case OrderPlaced():
            return "never" if order.order_id else "now"
        case OrderCancelled():
            return "now" if order.order_id and not order.cancelled else "never"
        case StockReserved() | StockRefused():
            return _verdict(done=order.stock != "", ready=order.order_id != "")
        case PaymentCaptured():
            return _verdict(done=order.payment != "" or order.stock == "refused", ready=order.stock == "reserved")
        case PaymentFailed():
            return _verdict(done=order.payment != "", ready=order.stock != "")
        case OrderShipped() | ShipmentFailed():
            return _verdict(done=order.shipment != "" or order.payment == "failed", ready=order.payment == "captured")
        case PaymentRefunded():
            return _verdict(done=order.payment in ("failed", "refunded"), ready=order.shipment == "failed")
        case StockReleased():
            ended = order.payment == "failed" or order.shipment == "failed"
            return _verdict(done=order.stock in ("refused", "released"), ready=order.stock == "reserved" and ended)


def _verdict(*, done: bool, ready: bool) -> Verdict:
    return "never" if done else "now" if ready else "early"


FACTS: Mapping[type, Mapping[str, str]] = {
    StockReserved: {"stock": "reserved"},
    StockRefused: {"stock": "refused"},
    StockReleased: {"stock": "released"},
    PaymentCaptured: {"payment": "captured"},
    PaymentFailed: {"payment": "failed"},
    PaymentRefunded: {"payment": "refunded"},
    ShipmentFailed: {"shipment": "failed"},
}


def evolve(order: Order, event: ShopEvent) -> Order:
    """The order after an event that may happen to it."""
    match event:
        case OrderPlaced():
            placed = replace(order, order_id=event.order_id, customer_id=event.customer_id, country=event.country)
            return replace(placed, lines=event.lines, pence=event.pence)
        case OrderCancelled():
            return replace(order, cancelled=True, reason=order.reason or event.reason or "the customer has cancelled")
        case OrderShipped():
            return replace(order, shipment="shipped", cancelled=False, reason="")
        case _:
            return replace(order, **FACTS[type(event)], reason=order.reason or getattr(event, "reason", ""))


class Step(NamedTuple):
    """What an event has done: the order after it, and what goes into its history, with the status after each."""

    order: Order
    history: tuple[tuple[Recorded, str], ...]


def take(order: Order, event: ShopEvent) -> Step:
    """Applies an event, and those that have waited for it; or keeps it, or refuses it."""
    verdict = judge(order, event)
    if verdict == "early":
        return Step(replace(order, early=(*order.early, event)), ())
    if verdict == "never":
        return Step(order, (refusal(order, event, f"an order that is {order.status} does not allow it"),))
    after = evolve(order, event)
    history: tuple[tuple[Recorded, str], ...] = ((event, after.status),)
    if order.cancelled and not after.cancelled:
        late = OrderCancelled(order.order_id, order.reason)
        history += (refusal(after, late, "it had been shipped already"),)
    waiting, after = after.early, replace(after, early=())
    for one in waiting:
        after, more = take(after, one)
        history += more
    return Step(after, history)


def refusal(order: Order, event: ShopEvent, reason: str) -> tuple[OrderTransitionRefused, str]:
    """That an event could not happen, and the order's status, which stays."""
    refused = OrderTransitionRefused(event.order_id, type(event).__name__, order.status, reason)
    return refused, order.status


def replay(events: Iterable[Recorded], order: Order | None = None) -> Order:
    """The order that events make, from the beginning or on from `order`; refusals change nothing."""
    order = order or Order()
    for event in events:
        if not isinstance(event, OrderTransitionRefused):
            order = take(order, event).order
    return order
