"""The topology `billing`: what is paid, what is not, what is given back, and that an order is charged once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp.testing.driver import TopologyDriver
from tests.topologies.shop import event_headers, placed
from topologies import billing
from topologies.billing import LIMIT_PENCE, charge
from topologies.events import (
    ORDERS,
    PAYMENTS,
    SHIPMENTS,
    STOCK,
    OrderCancelled,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    ShipmentFailed,
    StockRefused,
    StockReserved,
)


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(billing.topology) as running:
        yield running


def reserved(order: OrderPlaced) -> StockReserved:
    """The warehouse's answer to an order."""
    return StockReserved.of(order, card=order.card)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (placed(pieces=2, pence=255), None),
        (placed(pieces=1, pence=LIMIT_PENCE), None),
        (placed(pieces=1, pence=LIMIT_PENCE + 1), "the amount is above the card's limit"),
        (placed(pieces=1, pence=0), None),
        (placed(card="declined-7"), "the card was declined"),
    ],
)
def test_the_bank_pays_up_to_its_limit(order: OrderPlaced, reason: str | None) -> None:
    """The sum of the lines counts; the limit itself is still paid."""
    answer = PaymentFailed.of(order, reason=reason) if reason else PaymentCaptured.of(order)
    assert charge(reserved(order)) == answer


def test_each_order_is_charged_once_and_keyed_by_itself(driver: TopologyDriver) -> None:
    """One payment per order, in the orders' order, of the order's time, however often the goods are put aside."""
    first, second = reserved(placed("o-1")), reserved(placed("o-2", pence=200_000))
    driver.pipe(STOCK, "o-1", first, timestamp=1_000)
    driver.pipe(STOCK, "o-2", second, timestamp=2_000)
    driver.pipe(STOCK, "o-1", first, timestamp=3_000)
    assert [(record.key, type(record.value), record.timestamp) for record in driver.read(PAYMENTS)] == [
        ("o-1", PaymentCaptured, 1_000),
        ("o-2", PaymentFailed, 2_000),
    ]


def test_a_payment_is_given_back_once(driver: TopologyDriver) -> None:
    """All of it, when there will be no parcel; an order that was not paid has nothing to give back."""
    order = placed()
    failed = ShipmentFailed.of(order, reason="too heavy")
    driver.pipe(SHIPMENTS, "o-1", failed)
    driver.pipe(STOCK, "o-1", reserved(order))
    for _ in range(2):
        driver.pipe(SHIPMENTS, "o-1", failed)
    assert driver.pairs(PAYMENTS) == [
        ("o-1", PaymentCaptured.of(order)),
        ("o-1", PaymentRefunded.of(order, reason="too heavy")),
    ]


def test_what_is_cancelled_before_is_not_charged(driver: TopologyDriver) -> None:
    """The customer's word counts until money is taken; after that billing waits for shipping."""
    order, other = placed(), placed("o-2")
    driver.pipe(ORDERS, "o-1", OrderCancelled("o-1"))
    driver.pipe(STOCK, "o-1", reserved(order))
    driver.pipe(STOCK, "o-2", reserved(other))
    driver.pipe(ORDERS, "o-2", OrderCancelled("o-2"))
    assert driver.pairs(PAYMENTS) == [
        ("o-1", PaymentFailed.of(order, reason="the order was cancelled")),
        ("o-2", PaymentCaptured.of(other)),
    ]


def test_an_order_without_goods_has_its_answer_too(driver: TopologyDriver) -> None:
    """The bank is not asked."""
    driver.pipe(STOCK, "o-1", StockRefused.of(placed(), reason="there are no mugs"))
    assert driver.pairs(PAYMENTS) == [("o-1", PaymentFailed.of(placed(), reason="there are no mugs"))]


def test_an_event_that_comes_twice_is_taken_once(driver: TopologyDriver) -> None:
    """By its id, which is all that is compared; the account of another order is its own."""
    headers = event_headers("event-1")
    driver.pipe(STOCK, "o-1", reserved(placed()), headers=headers)
    driver.restart()
    driver.pipe(STOCK, "o-1", reserved(placed(pence=1)), headers=headers)
    assert driver.pairs(PAYMENTS) == [("o-1", PaymentCaptured.of(placed()))]
    assert driver.table("accounts") == {"o-1": billing.Account(settled=True, captured=1000)}


def test_a_payment_says_what_caused_it(driver: TopologyDriver) -> None:
    """The correlation id of the request is passed on; the reservation is the cause."""
    driver.pipe(STOCK, "o-1", reserved(placed()), headers=event_headers("event-1", "request-1"))
    (payment,) = driver.read(PAYMENTS)
    given = dict(payment.headers)
    assert given["ce_correlationid"] == b"request-1"
    assert given["ce_causationid"] == b"event-1"
    assert given["ce_type"] == b"PaymentCaptured"
    assert given["ce_id"] != b"event-1"


def test_a_record_that_is_no_event_is_a_dead_letter(driver: TopologyDriver) -> None:
    """Nothing is charged for it, and the next order is charged as ever."""
    driver.pipe_bytes(STOCK, b"o-1", b'{"order_id": "o-1"}')
    driver.pipe(STOCK, "o-2", reserved(placed("o-2")))
    assert [letter.row[2] for letter in driver.dead_letters] == [b"o-1"]
    assert driver.pairs(PAYMENTS) == [("o-2", PaymentCaptured.of(placed("o-2")))]
