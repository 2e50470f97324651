"""Hands what is paid to the carrier, unless the customer has cancelled first: here it is decided which came first."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from streamapp import Topology
from topologies.events import (
    ORDERS,
    PAYMENTS,
    SHIPMENTS,
    OrderCancelled,
    OrderShipped,
    PaymentCaptured,
    Shipment,
    ShipmentFailed,
    ShopEvent,
)
from topologies.saga import hearing, taking_part

MOST_PIECES = 500
"""What the carrier takes in one parcel."""


class Parcel(Struct, frozen=True):
    """What shipping knows of an order."""

    cancelled: bool = False
    ended: Literal["", "shipped", "failed"] = ""


def ship(parcel: Parcel, order: PaymentCaptured) -> Shipment:
    """The answer of the carrier, which here is a rule: it takes what a person can lift."""
    if parcel.cancelled:
        return ShipmentFailed.of(order, reason="the order was cancelled")
    if order.pieces > MOST_PIECES:
        return ShipmentFailed.of(order, reason=f"the carrier takes {MOST_PIECES} pieces, not {order.pieces}")
    return OrderShipped.of(order)


def react(parcel: Parcel | None, event: ShopEvent) -> tuple[Parcel, tuple[Shipment, ...]]:
    """A cancellation counts until the parcel is handed over; one that comes later changes nothing."""
    parcel = parcel or Parcel()
    match event:
        case OrderCancelled() if not parcel.ended:
            return replace(parcel, cancelled=True), ()
        case PaymentCaptured() if not parcel.ended:
            shipment = ship(parcel, event)
            return replace(parcel, ended="shipped" if isinstance(shipment, OrderShipped) else "failed"), (shipment,)
    return parcel, ()


shipments = taking_part(hearing(ORDERS, PAYMENTS), "parcels", Parcel, react, Shipment)

topology = Topology("shipping", shipments.to(SHIPMENTS))
