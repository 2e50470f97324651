"""Charges each order: a payment captured, or failed with the reason."""

from __future__ import annotations

from streamapp import Topology, stream
from topologies.events import ORDERS, PAYMENTS, OrderPlaced, Payment, PaymentCaptured, PaymentFailed

LIMIT_PENCE = 1_000_00


def charge(order: OrderPlaced) -> Payment:
    """The answer of the bank, which here is a rule: it pays up to its limit."""
    if order.pence > LIMIT_PENCE:
        return PaymentFailed(order.order_id, order.pence, "the amount is above the card's limit")
    return PaymentCaptured(order.order_id, order.pence)


topology = Topology("billing", stream(ORDERS).map_values(charge).to(PAYMENTS))
