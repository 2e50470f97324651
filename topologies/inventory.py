"""Puts the goods of each order aside, or refuses; they leave with the carrier, or are put back when the order fails.

Each country has a warehouse, and its stock lies in one task: so all lines of an order are reserved together or not at
all. An article that nobody has delivered yet is there in plenty, so that a new shop can sell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec.structs import replace

from streamapp import Processor, ProcessorContext, Record, Topology, key_value_store, stream
from topologies.events import (
    DELIVERIES,
    ORDERS,
    PAYMENTS,
    SHIPMENTS,
    STOCK,
    OrderFact,
    OrderPlaced,
    OrderShipped,
    PaymentFailed,
    ShipmentFailed,
    ShopEvent,
    StockDelivered,
    StockEvent,
    StockRefused,
    StockReleased,
    StockReserved,
)
from topologies.saga import Once, hearing
from topologies.shelf import Reservation, Shelf, release, reserve, ship, short, wanted

Moved = OrderPlaced | PaymentFailed | OrderShipped | ShipmentFailed | StockDelivered


SHELVES = key_value_store("shelves", key=str, value=Shelf)
RESERVATIONS = key_value_store("reservations", key=str, value=Reservation)
SEEN = key_value_store("inventory-seen", key=str, value=tuple[str, ...])


class Warehouses(Processor[str, Moved, str, StockEvent]):
    """Takes one event at a time, in the task of the country it is about."""

    def init(self, context: ProcessorContext[str, StockEvent]) -> None:
        """Finds its stores."""
        self._context = context
        self._shelves, self._reservations = context.store(SHELVES), context.store(RESERVATIONS)
        self._once = Once(context.store(SEEN))

    def process(self, record: Record[str, Moved]) -> None:
        """What an event means for the stock."""
        event = record.value
        about = event.sku if isinstance(event, StockDelivered) else event.order_id
        if not self._once.is_new(f"{event.country}/{about}", record):
            return
        match event:
            case StockDelivered():
                shelf = self._shelves.get(f"{event.country}/{event.sku}") or Shelf(free=0)
                self._put(event.country, event.sku, replace(shelf, free=shelf.free + event.pieces))
            case OrderPlaced() if self._reservations.get(event.order_id) is None:
                self._answer(record, self._reserve(event))
            case OrderShipped():
                self._end(event, ship, "shipped")
            case PaymentFailed() | ShipmentFailed():
                if self._end(event, release, "released"):
                    self._answer(record, StockReleased.of(event, reason=event.reason))

    def _reserve(self, order: OrderPlaced) -> StockEvent:
        pieces = wanted(order.lines)
        shelves = {sku: self._shelves.get(f"{order.country}/{sku}") or Shelf() for sku in pieces}
        missing = short(pieces, shelves)
        if missing is not None:
            self._reservations.put(order.order_id, Reservation({}, "refused"))
            return StockRefused.of(order, reason=f"there are not enough pieces of article {missing}")
        for sku, number in pieces.items():
            self._put(order.country, sku, reserve(shelves[sku], number))
        self._reservations.put(order.order_id, Reservation(pieces))
        return StockReserved.of(order, card=order.card)

    def _end(
        self, event: OrderFact, change: Callable[[Shelf, int], Shelf], ended: Literal["shipped", "released"]
    ) -> bool:
        """Whether there was something put aside that is no longer."""
        reservation = self._reservations.get(event.order_id)
        if reservation is None or reservation.ended:
            return False
        for sku, number in reservation.pieces.items():
            shelf = self._shelves.get(f"{event.country}/{sku}") or Shelf()
            self._put(event.country, sku, change(shelf, number))
        self._reservations.put(event.order_id, replace(reservation, ended=ended))
        return True

    def _put(self, country: str, sku: str, shelf: Shelf) -> None:
        self._shelves.put(f"{country}/{sku}", shelf)

    def _answer(self, record: Record[str, Moved], event: StockEvent) -> None:
        self._context.forward(Record(event.order_id, event, record.timestamp, record.headers))


def moves(event: ShopEvent | StockDelivered) -> bool:
    """Whether it changes what lies in a warehouse."""
    return isinstance(event, Moved)


def as_moved(event: ShopEvent | StockDelivered) -> Moved:
    """The event, of which it is known that it moves something."""
    if not isinstance(event, Moved):
        raise TypeError(f"{type(event).__name__} moves no goods")
    return event


def warehouse(event: Moved) -> str:
    """That of the country: the key of its task."""
    return event.country


moved = (
    hearing(ORDERS, PAYMENTS, SHIPMENTS)
    .filter(moves)
    .map_values(as_moved)
    .merge(stream(DELIVERIES).map_values(as_moved))
    .select_key(warehouse)
    .repartition("by-warehouse")
)
stock = moved.process(Warehouses, "warehouses", stores=[SHELVES, RESERVATIONS, SEEN])

topology = Topology("inventory", stock.to(STOCK))
