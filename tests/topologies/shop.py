"""The whole shop without Kafka: every topology on a driver, and what one writes comes to all who read it, in any order.

Each reader takes each topic in its order, as from one partition; between topics and readers a seed decides. Knows
nothing of what the topologies do.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from random import Random
from types import TracebackType
from typing import Any

from streamapp import Record, Topology
from streamapp.testing.driver import TopologyDriver
from topologies import billing, customer_dashboard, email, inventory, orders, orders_read_model, shipping
from topologies.events import (
    DELIVERIES,
    ORDER_HISTORY,
    ORDERS,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    StockDelivered,
)

SAGA = (orders.topology, inventory.topology, billing.topology, shipping.topology, email.topology)
PROJECTIONS = (orders_read_model.topology, customer_dashboard.topology)

Headers = tuple[tuple[str, bytes | None], ...]


def event_headers(event: str, correlation: str = "request") -> Headers:
    """Those of an event with this id."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", event.encode()),
        ("ce_type", b"Event"),
        ("ce_source", b"test"),
        ("ce_correlationid", correlation.encode()),
    )


def placed(
    order_id: str = "o-1",
    *,
    pieces: int = 2,
    pence: int = 500,
    country: str = "France",
    card: str = "",
    sku: str = "mug",
    customer: str = "ada",
) -> OrderPlaced:
    """An order of one line."""
    return OrderPlaced(order_id, customer, country, (OrderLine(sku, pieces, pence),), card)


class Shop:
    """Some topologies that hear each other; `doubles` is the share of events that arrive twice."""

    def __init__(self, topologies: Iterable[Topology] = SAGA, *, seed: int = 0, doubles: float = 0.0) -> None:
        self.random = Random(seed)
        self._doubles = doubles
        self._drivers = {topology.name: TopologyDriver(topology, application=topology.name) for topology in topologies}
        self._readers: dict[str, list[str]] = defaultdict(list)
        self._sinks: dict[str, list[str]] = {}
        for name, driver in self._drivers.items():
            subs = driver.plan.subtopologies
            self._sinks[name] = [sink.topic for sub in subs for sink in sub.sinks if not sink.internal]
            for topic in {source.topic for sub in subs for source in sub.sources if not source.internal}:
                self._readers[topic].append(name)
        self._waiting: dict[tuple[str, str], deque[Record[Any, Any]]] = defaultdict(deque)
        self.topics: dict[str, list[Record[Any, Any]]] = defaultdict(list)
        self._events = 0

    def driver(self, name: str) -> TopologyDriver:
        """That of a topology."""
        return self._drivers[name]

    def place(self, order: OrderPlaced) -> None:
        """A customer checks out."""
        self.publish(ORDERS.name, order.order_id, order)

    def cancel(self, order_id: str) -> None:
        """A customer has changed their mind."""
        self.publish(ORDERS.name, order_id, OrderCancelled(order_id))

    def deliver(self, sku: str, pieces: int, country: str = "France") -> None:
        """A delivery comes to a warehouse."""
        self.publish(DELIVERIES.name, country, StockDelivered(country, sku, pieces))

    def publish(self, topic: str, key: str, value: Any) -> None:
        """An event of somebody's outside."""
        self._events += 1
        self._put(topic, Record(key, value, self._events, event_headers(f"outside-{self._events}")))

    def _put(self, topic: str, record: Record[Any, Any]) -> None:
        self.topics[topic].append(record)
        for _ in range(2 if self.random.random() < self._doubles else 1):
            for reader in self._readers[topic]:
                self._waiting[reader, topic].append(record)

    def step(self) -> bool:
        """One topology takes one event; false when there is none."""
        ready = [place for place, queue in self._waiting.items() if queue]
        if not ready:
            return False
        reader, topic = self.random.choice(ready)
        key, value, timestamp, headers = self._waiting[reader, topic].popleft()
        driver = self._drivers[reader]
        driver.pipe(topic, key, value, timestamp, headers)
        for sink in dict.fromkeys(self._sinks[reader]):
            for record in driver.read(sink):
                self._put(sink, record)
        return True

    def settle(self) -> None:
        """Goes on until nothing is left to do."""
        while self.step():
            pass

    def values(self, topic: str, order_id: str | None = None) -> list[Any]:
        """The values on a topic, of one order if given; each event once."""
        return [record.value for record in self.topics[topic] if order_id in (None, record.key)]

    def events_of(self, order_id: str) -> list[str]:
        """The types of the order's history."""
        return [type(entry.event).__name__ for entry in self.values(ORDER_HISTORY.name, order_id)]

    def status(self, order_id: str) -> str:
        """What the history says last."""
        last: str = self.values(ORDER_HISTORY.name, order_id)[-1].status
        return last

    def __enter__(self) -> Shop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for driver in self._drivers.values():
            driver.close()
