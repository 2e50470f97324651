"""CQRS, the query side: orders as they are asked for, by id and by customer, made of their history and nothing else.

Rebuilt from the start it is the same. The table `passed` says up to which records of the shop's topics it has come, so
that who has just written can wait to read it: what an entry says came from there is in these tables when it is there.
"""

from __future__ import annotations

from msgspec import Struct

from streamapp import Record, Topology, ValueContext, ValueProcessor, key_value_store, stream
from topologies.events import ORDER_HISTORY, HistoryEntry, OrderTransitionRefused, Source
from topologies.order import Order, replay


class OrderView(Struct, frozen=True):
    """An order as it is shown; `status` after `entries` entries of its history."""

    order: Order = Order()
    status: str = "unknown"
    entries: int = 0
    refused: tuple[OrderTransitionRefused, ...] = ()


class Summary(Struct, frozen=True):
    """An order in a list."""

    order_id: str
    customer_id: str
    status: str
    pence: int


VIEWS = key_value_store("order-views", key=str, value=OrderView)
BY_CUSTOMER = key_value_store("orders-by-customer", key=str, value=Summary)
PASSED = key_value_store("passed", key=str, value=int)


def shown(view: OrderView, entry: HistoryEntry) -> OrderView:
    """The view after one more entry; one that it has seen changes nothing."""
    if entry.number <= view.entries:
        return view
    refused = (*view.refused, entry.event) if isinstance(entry.event, OrderTransitionRefused) else view.refused
    return OrderView(replay([entry.event], view.order), entry.status, entry.number, refused)


def place(source: Source) -> str:
    """The key of a partition in `passed`."""
    return f"{source.topic}/{source.partition}"


def of_customer(customer_id: str, order_id: str = "") -> str:
    """The key of an order in the list of its customer; without an order, how all of them begin."""
    return f"{customer_id}\t{order_id}"


class ReadModel(ValueProcessor[str, HistoryEntry, OrderView]):
    """Keeps the tables, and passes on each view that has changed."""

    def init(self, context: ValueContext[OrderView]) -> None:
        """Finds its stores."""
        self._context = context
        self._views = context.store(VIEWS)
        self._lists, self._passed = context.store(BY_CUSTOMER), context.store(PASSED)

    def process(self, record: Record[str, HistoryEntry]) -> None:
        """Takes one entry."""
        entry = record.value
        view = shown(self._views.get(entry.order_id) or OrderView(), entry)
        if view.order.order_id:
            self._views.put(entry.order_id, view)
            order = view.order
            summary = Summary(order.order_id, order.customer_id, view.status, order.pence)
            self._lists.put(of_customer(order.customer_id, order.order_id), summary)
            self._context.forward(view)
        at = place(entry.source)
        self._passed.put(at, max(entry.source.offset, self._passed.get(at) or 0))


def keep(view: OrderView) -> None:
    """It is kept already."""


views = stream(ORDER_HISTORY).process_values(ReadModel, "read-model", stores=[VIEWS, BY_CUSTOMER, PASSED])

topology = Topology("orders-read-model", views.for_each(keep))
