"""Event sourcing: what everybody says of an order, brought into one order, is its history.

The history is the one place where it stands what has happened to an order and what was refused; the projections are
made of it. Each entry says which record brought it.
"""

from __future__ import annotations

from streamapp import KeyValueRows, Record, Topology, ValueContext, ValueProcessor, key_value_store
from topologies.events import ORDER_HISTORY, ORDERS, PAYMENTS, SHIPMENTS, STOCK, HistoryEntry, ShopEvent, Source
from topologies.order import Order, take
from topologies.saga import Once, hearing

STATES = key_value_store("orders", key=str, value=Order)
LENGTHS = key_value_store("history-lengths", key=str, value=int)
SEEN = key_value_store("orders-seen", key=str, value=tuple[str, ...])


class Historian(ValueProcessor[str, ShopEvent, HistoryEntry]):
    """Applies each new event to its order and writes down what that has done."""

    def init(self, context: ValueContext[HistoryEntry]) -> None:
        """Finds its stores."""
        self._context = context
        self._orders: KeyValueRows[str, Order] = context.store(STATES)
        self._lengths: KeyValueRows[str, int] = context.store(LENGTHS)
        self._once = Once(context.store(SEEN))

    def process(self, record: Record[str, ShopEvent]) -> None:
        """Takes one event."""
        order_id = record.value.order_id
        if not self._once.is_new(order_id, record):
            return
        order, history = take(self._orders.get(order_id) or Order(), record.value)
        if order != Order():
            self._orders.put(order_id, order)
        source = Source(*self._context.metadata or ("", 0, 0))
        length = self._lengths.get(order_id) or 0
        for number, (event, status) in enumerate(history, length + 1):
            self._context.forward(HistoryEntry(order_id, order.customer_id, number, event, status, source))
        self._lengths.put(order_id, length + len(history))


history = hearing(ORDERS, STOCK, PAYMENTS, SHIPMENTS).process_values(
    Historian, "historian", stores=[STATES, LENGTHS, SEEN]
)

topology = Topology("orders", history.to(ORDER_HISTORY))
