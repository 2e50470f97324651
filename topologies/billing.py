"""Charges each order once its goods are put aside, and gives the money back when they cannot be shipped.

Every order has exactly one answer, a payment captured or failed, also when nothing was asked of the bank.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from streamapp import Topology
from topologies.events import (
    ORDERS,
    PAYMENTS,
    SHIPMENTS,
    STOCK,
    OrderCancelled,
    Payment,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    ShipmentFailed,
    ShopEvent,
    StockRefused,
    StockReserved,
)
from topologies.saga import hearing, taking_part

LIMIT_PENCE = 1_000_00
DECLINED = "declined"
"""A card that begins so is not paid with: for trying out."""


class Account(Struct, frozen=True):
    """What billing knows of an order; pence."""

    settled: bool = False
    cancelled: bool = False
    captured: int = 0
    refunded: int = 0


def charge(order: StockReserved) -> Payment:
    """The answer of the bank, which here is a rule: it pays up to its limit."""
    if order.card.startswith(DECLINED):
        return PaymentFailed.of(order, reason="the card was declined")
    if order.pence > LIMIT_PENCE:
        return PaymentFailed.of(order, reason="the amount is above the card's limit")
    return PaymentCaptured.of(order)


def settle(account: Account, event: StockReserved | StockRefused) -> Payment:
    """What becomes of an order's payment, now that the warehouse has answered."""
    if isinstance(event, StockRefused):
        return PaymentFailed.of(event, reason=event.reason)
    if account.cancelled:
        return PaymentFailed.of(event, reason="the order was cancelled")
    return charge(event)


def react(account: Account | None, event: ShopEvent) -> tuple[Account, tuple[Payment, ...]]:
    """A cancellation counts until money is taken; after that it is for shipping to say whether it is too late."""
    account = account or Account()
    match event:
        case OrderCancelled():
            return replace(account, cancelled=True), ()
        case StockReserved() | StockRefused() if not account.settled:
            payment = settle(account, event)
            captured = payment.pence if isinstance(payment, PaymentCaptured) else 0
            return replace(account, settled=True, captured=captured), (payment,)
        case ShipmentFailed() if account.captured > account.refunded:
            refund = PaymentRefunded.of(event, reason=event.reason)
            return replace(account, refunded=account.captured), (refund,)
    return account, ()


payments = taking_part(hearing(ORDERS, STOCK, SHIPMENTS), "accounts", Account, react, Payment)

topology = Topology("billing", payments.to(PAYMENTS))
