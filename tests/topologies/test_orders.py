"""The order as an aggregate, and the topology that writes its history."""

from __future__ import annotations

import itertools

import pytest

from streamapp.testing.driver import TopologyDriver
from tests.topologies.shop import event_headers, placed
from topologies import orders
from topologies.events import (
    ORDER_HISTORY,
    ORDERS,
    STOCK,
    HistoryEntry,
    OrderCancelled,
    OrderPlaced,
    OrderShipped,
    OrderTransitionRefused,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    ShipmentFailed,
    ShopEvent,
    Source,
    StockRefused,
    StockReleased,
    StockReserved,
)
from topologies.order import FINAL, Order, replay, take

ORDER = placed()
RESERVED = StockReserved.of(ORDER)
REFUSED = StockRefused.of(ORDER, reason="none left")
RELEASED = StockReleased.of(ORDER, reason="no")
CAPTURED = PaymentCaptured.of(ORDER)
FAILED = PaymentFailed.of(ORDER, reason="declined")
REFUNDED = PaymentRefunded.of(ORDER, reason="no")
SHIPPED = OrderShipped.of(ORDER)
STUCK = ShipmentFailed.of(ORDER, reason="too heavy")
CANCELLED = OrderCancelled("o-1")

LIVES: dict[str, tuple[ShopEvent, ...]] = {
    "shipped": (ORDER, RESERVED, CAPTURED, SHIPPED),
    "rejected": (ORDER, RESERVED, FAILED, RELEASED),
    "failed": (ORDER, RESERVED, CAPTURED, STUCK, REFUNDED, RELEASED),
}


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "unknown"),
        ((ORDER,), "placed"),
        ((ORDER, RESERVED), "reserved"),
        ((ORDER, RESERVED, CAPTURED), "paid"),
        ((ORDER, CANCELLED), "cancelling"),
        ((ORDER, RESERVED, CAPTURED, CANCELLED), "cancelling"),
        ((ORDER, REFUSED), "compensating"),
        ((ORDER, REFUSED, FAILED), "rejected"),
        ((ORDER, RESERVED, FAILED), "compensating"),
        ((ORDER, RESERVED, CAPTURED, STUCK, REFUNDED), "compensating"),
        ((ORDER, CANCELLED, RESERVED, FAILED, RELEASED), "cancelled"),
        ((ORDER, RESERVED, CAPTURED, CANCELLED, STUCK, REFUNDED, RELEASED), "cancelled"),
        ((ORDER, RESERVED, CAPTURED, CANCELLED, SHIPPED), "shipped"),
        *((events, status) for status, events in LIVES.items()),
    ],
)
def test_an_order_is_what_has_happened_to_it(events: tuple[ShopEvent, ...], status: str) -> None:
    """Its status follows from its events, and only final ones are final."""
    order = replay(events)
    assert (order.status, order.final, order.early) == (status, status in FINAL, ())


@pytest.mark.parametrize("status", LIVES)
def test_the_order_of_arrival_does_not_matter(status: str) -> None:
    """An event that is ahead of its cause waits: every permutation behind the first event ends in the same order."""
    first, *others = LIVES[status]
    for arrived in itertools.permutations(others):
        order, history = Order(), list[str]()
        for event in (first, *arrived):
            order, more = take(order, event)
            history += [type(one).__name__ for one, _ in more]
        assert order == replay(LIVES[status])
        assert sorted(history) == sorted(type(event).__name__ for event in LIVES[status])
        assert "OrderTransitionRefused" not in history


@pytest.mark.parametrize(
    ("events", "refused"),
    [
        ((ORDER,), ORDER),
        ((), CANCELLED),
        ((ORDER, CANCELLED), CANCELLED),
        (LIVES["shipped"], CANCELLED),
        (LIVES["shipped"], CAPTURED),
        (LIVES["shipped"], STUCK),
        (LIVES["shipped"], REFUNDED),
        (LIVES["rejected"], CAPTURED),
        (LIVES["rejected"], SHIPPED),
        (LIVES["rejected"], REFUNDED),
        (LIVES["failed"], REFUNDED),
        (LIVES["failed"], RELEASED),
        (LIVES["failed"], CANCELLED),
        ((ORDER, REFUSED), RESERVED),
        ((ORDER, REFUSED), CAPTURED),
        ((ORDER, REFUSED), RELEASED),
    ],
)
def test_what_an_order_does_not_allow_is_an_event_of_its_own(events: tuple[ShopEvent, ...], refused: ShopEvent) -> None:
    """The order stays as it is, and the refusal names the event and the status."""
    before = replay(events)
    order, history = take(before, refused)
    assert order == before
    ((event, status),) = history
    assert isinstance(event, OrderTransitionRefused)
    assert (event.event, event.status, status) == (type(refused).__name__, before.status, before.status)
    assert replay([event], before) == before


def test_a_cancellation_that_shipping_has_not_heard_of_in_time_is_refused_in_the_end() -> None:
    """The parcel is gone: that is the truth, and the customer is told."""
    _, history = take(replay((ORDER, RESERVED, CAPTURED, CANCELLED)), SHIPPED)
    assert [(type(event).__name__, status) for event, status in history] == [
        ("OrderShipped", "shipped"),
        ("OrderTransitionRefused", "shipped"),
    ]


def test_the_history_is_numbered_and_says_where_from() -> None:
    """Each entry names its record; an event that comes twice leaves one; a restart changes nothing."""
    with TopologyDriver(orders.topology) as driver:
        driver.pipe(STOCK, "o-1", RESERVED, headers=event_headers("b"))
        driver.pipe(ORDERS, "o-1", ORDER, headers=event_headers("a"))
        driver.restart()
        driver.pipe(ORDERS, "o-1", ORDER, headers=event_headers("a"))
        driver.pipe(ORDERS, "o-1", CANCELLED, headers=event_headers("c"))
        history = driver.read(ORDER_HISTORY)
        placed_at, cancelled_at = Source("orders", 0, 0), Source("orders", 0, 2)
        assert [record.value for record in history] == [
            HistoryEntry("o-1", "ada", 1, ORDER, "placed", placed_at),
            HistoryEntry("o-1", "ada", 2, RESERVED, "reserved", placed_at),
            HistoryEntry("o-1", "ada", 3, CANCELLED, "cancelling", cancelled_at),
        ]
        assert driver.table("orders") == {"o-1": replay((ORDER, RESERVED, CANCELLED))}


def test_a_cancellation_of_no_order_is_refused() -> None:
    """Nothing is kept of it, so that the order may still be placed."""
    with TopologyDriver(orders.topology) as driver:
        driver.pipe(ORDERS, "o-1", CANCELLED)
        driver.pipe(ORDERS, "o-1", ORDER)
        assert [type(record.value.event) for record in driver.read(ORDER_HISTORY)] == [
            OrderTransitionRefused,
            OrderPlaced,
        ]
