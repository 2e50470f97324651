"""The topology `billing`: what is paid, what is not, and that an order is charged once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp.testing.driver import TopologyDriver
from topologies import billing
from topologies.billing import LIMIT_PENCE, charge
from topologies.events import ORDERS, PAYMENTS, OrderLine, OrderPlaced, PaymentCaptured, PaymentFailed


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(billing.topology) as running:
        yield running


def order(*lines: tuple[int, int], order_id: str = "o-1") -> OrderPlaced:
    """An order of lines of so many pieces at so many pence."""
    return OrderPlaced(order_id, "ada", "France", tuple(OrderLine("sku", pieces, pence) for pieces, pence in lines))


@pytest.mark.parametrize(
    ("lines", "payment"),
    [
        ([(2, 255), (1, 1275)], PaymentCaptured("o-1", 1785)),
        ([(1, LIMIT_PENCE)], PaymentCaptured("o-1", LIMIT_PENCE)),
        ([(1, LIMIT_PENCE), (1, 1)], PaymentFailed("o-1", LIMIT_PENCE + 1, "the amount is above the card's limit")),
        ([(1, 0)], PaymentCaptured("o-1", 0)),
    ],
)
def test_the_bank_pays_up_to_its_limit(lines: list[tuple[int, int]], payment: PaymentCaptured | PaymentFailed) -> None:
    """The sum of the lines counts; the limit itself is still paid."""
    assert charge(order(*lines)) == payment


def test_each_order_is_charged_once_and_keyed_by_itself(driver: TopologyDriver) -> None:
    """One payment per order, in the orders' order, of the order's time."""
    driver.pipe(ORDERS, "o-1", order((1, 500)), timestamp=1_000)
    driver.pipe(ORDERS, "o-2", order((1, 200_000), order_id="o-2"), timestamp=2_000)
    payments = driver.read(PAYMENTS)
    assert [(record.key, type(record.value), record.timestamp) for record in payments] == [
        ("o-1", PaymentCaptured, 1_000),
        ("o-2", PaymentFailed, 2_000),
    ]


def test_a_payment_says_which_order_caused_it(driver: TopologyDriver) -> None:
    """The correlation id of the request is passed on; the order's event is the cause."""
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"event-1"), ("ce_correlationid", b"request-1"))
    driver.pipe(ORDERS, "o-1", order((1, 500)), headers=headers)
    (payment,) = driver.read(PAYMENTS)
    given = dict(payment.headers)
    assert given["ce_correlationid"] == b"request-1"
    assert given["ce_causationid"] == b"event-1"
    assert given["ce_type"] == b"PaymentCaptured"
    assert given["ce_id"] != b"event-1"


def test_a_record_that_is_no_order_is_a_dead_letter(driver: TopologyDriver) -> None:
    """Nothing is charged for it, and the next order is charged as ever."""
    driver.pipe_bytes(ORDERS, b"o-1", b'{"order_id": "o-1"}')
    driver.pipe(ORDERS, "o-2", order((1, 500), order_id="o-2"))
    assert [letter.row[2] for letter in driver.dead_letters] == [b"o-1"]
    assert driver.pairs(PAYMENTS) == [("o-2", PaymentCaptured("o-2", 500))]
