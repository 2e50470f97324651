"""The topology `shipping`: what the carrier takes, and whether a cancellation came in time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp.testing.driver import TopologyDriver
from tests.topologies.shop import event_headers, placed
from topologies import shipping
from topologies.events import (
    ORDERS,
    PAYMENTS,
    SHIPMENTS,
    OrderCancelled,
    OrderShipped,
    PaymentCaptured,
    PaymentFailed,
    ShipmentFailed,
)
from topologies.shipping import MOST_PIECES


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(shipping.topology) as running:
        yield running


@pytest.mark.parametrize(("pieces", "goes"), [(1, True), (MOST_PIECES, True), (MOST_PIECES + 1, False)])
def test_the_carrier_takes_what_can_be_lifted(driver: TopologyDriver, pieces: int, goes: bool) -> None:
    """Up to its limit; what is not paid does not reach it."""
    order = placed(pieces=pieces, pence=1)
    driver.pipe(PAYMENTS, "o-2", PaymentFailed.of(placed("o-2"), reason="no"))
    driver.pipe(PAYMENTS, "o-1", PaymentCaptured.of(order))
    reason = f"the carrier takes {MOST_PIECES} pieces, not {pieces}"
    answer = OrderShipped.of(order) if goes else ShipmentFailed.of(order, reason=reason)
    assert driver.pairs(SHIPMENTS) == [("o-1", answer)]


@pytest.mark.parametrize("in_time", [True, False])
def test_a_cancellation_counts_until_the_parcel_is_gone(driver: TopologyDriver, in_time: bool) -> None:
    """One that comes later changes nothing here."""
    cancel = (ORDERS, OrderCancelled("o-1"))
    pay = (PAYMENTS, PaymentCaptured.of(placed()))
    for topic, event in (cancel, pay) if in_time else (pay, cancel):
        driver.pipe(topic, "o-1", event)
    stopped = ShipmentFailed.of(placed(), reason="the order was cancelled")
    assert driver.pairs(SHIPMENTS) == [("o-1", stopped if in_time else OrderShipped.of(placed()))]


def test_a_parcel_goes_once(driver: TopologyDriver) -> None:
    """However often it is paid, with one id or several, also over a restart."""
    for number in (1, 1, 2):
        driver.pipe(PAYMENTS, "o-1", PaymentCaptured.of(placed()), headers=event_headers(f"event-{number}"))
        driver.restart()
    assert driver.pairs(SHIPMENTS) == [("o-1", OrderShipped.of(placed()))]
