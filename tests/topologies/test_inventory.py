"""The topology `inventory`: all lines of an order or none, by warehouse, and what becomes of the pieces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp.testing.driver import TopologyDriver
from tests.topologies.shop import event_headers, placed
from topologies import inventory
from topologies.events import (
    DELIVERIES,
    ORDERS,
    PAYMENTS,
    SHIPMENTS,
    STOCK,
    OrderLine,
    OrderPlaced,
    OrderShipped,
    PaymentFailed,
    ShipmentFailed,
    StockDelivered,
    StockRefused,
    StockReleased,
    StockReserved,
)
from topologies.shelf import PLENTY, Shelf


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka, with ten mugs and five trays in France."""
    with TopologyDriver(inventory.topology) as running:
        running.pipe(DELIVERIES, "France", StockDelivered("France", "mug", 10))
        running.pipe(DELIVERIES, "France", StockDelivered("France", "tray", 5))
        yield running


def test_an_order_is_put_aside_as_a_whole_or_not_at_all(driver: TopologyDriver) -> None:
    """One line that cannot be had refuses them all; an article may stand on two lines."""
    both = OrderPlaced("o-1", "ada", "France", (OrderLine("mug", 4, 1), OrderLine("tray", 6, 1)))
    twice = OrderPlaced("o-2", "ada", "France", (OrderLine("mug", 6, 1), OrderLine("mug", 5, 1)))
    good = OrderPlaced("o-3", "ada", "France", (OrderLine("mug", 4, 1), OrderLine("tray", 5, 1)), "card-1")
    for order in (both, twice, good):
        driver.pipe(ORDERS, order.order_id, order)
    assert driver.pairs(STOCK) == [
        ("o-1", StockRefused.of(both, reason="there are not enough pieces of article tray")),
        ("o-2", StockRefused.of(twice, reason="there are not enough pieces of article mug")),
        ("o-3", StockReserved.of(good, card="card-1")),
    ]
    assert driver.table("shelves") == {"France/mug": Shelf(6, 4), "France/tray": Shelf(0, 5)}


@pytest.mark.parametrize("paid", [True, False])
def test_what_is_not_shipped_goes_back(driver: TopologyDriver, paid: bool) -> None:
    """Once, whether the payment or the shipment has failed."""
    order = placed(pieces=3)
    driver.pipe(ORDERS, "o-1", order)
    topic, event = (
        (SHIPMENTS, ShipmentFailed.of(order, reason="no")) if paid else (PAYMENTS, PaymentFailed.of(order, reason="no"))
    )
    for _ in range(2):
        driver.pipe(topic, "o-1", event)
    assert [value for _, value in driver.pairs(STOCK)][1:] == [StockReleased.of(order, reason="no")]
    assert driver.table("shelves")["France/mug"] == Shelf(10)


def test_what_is_shipped_is_gone(driver: TopologyDriver) -> None:
    """Nothing that comes later brings it back."""
    order = placed(pieces=3)
    driver.pipe(ORDERS, "o-1", order)
    driver.pipe(SHIPMENTS, "o-1", OrderShipped.of(order))
    driver.pipe(SHIPMENTS, "o-1", ShipmentFailed.of(order, reason="no"))
    assert len(driver.pairs(STOCK)) == 1
    assert driver.table("shelves")["France/mug"] == Shelf(7, 0, 3)


def test_a_delivery_that_is_told_twice_comes_once(driver: TopologyDriver) -> None:
    """By the id of its event; another one adds."""
    for event in ("a", "a", "b"):
        headers = event_headers(event)
        driver.pipe(DELIVERIES, "France", StockDelivered("France", "mug", 100), headers=headers)
    assert driver.table("shelves")["France/mug"] == Shelf(210)


def test_a_warehouse_has_a_stock_of_its_own(driver: TopologyDriver) -> None:
    """What nobody has delivered to it yet is there in plenty; a refused release of an unknown order does nothing."""
    driver.pipe(PAYMENTS, "o-9", PaymentFailed.of(placed("o-9"), reason="no"))
    driver.pipe(ORDERS, "o-1", placed(pieces=11, country="Norway"))
    assert driver.table("shelves")["Norway/mug"] == Shelf(PLENTY - 11, 11)
    assert driver.table("shelves")["France/mug"] == Shelf(10)
