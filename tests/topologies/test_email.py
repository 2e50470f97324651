"""The topology `email`: what customers are told, and that a payment finds its order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp.engine.plan import plan
from streamapp.engine.queues import RecordQueues
from streamapp.formats import codec_for
from streamapp.testing.driver import TopologyDriver
from topologies import email
from topologies.events import (
    EMAILS,
    ORDERS,
    PAYMENTS,
    Email,
    OrderLine,
    OrderPlaced,
    Payment,
    PaymentCaptured,
    PaymentFailed,
)

ORDER = OrderPlaced("o-1", "ada", "France", (OrderLine("a", 2, 255), OrderLine("b", 1, 95)))


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(email.topology) as running:
        yield running


@pytest.mark.parametrize(
    ("payment", "subject", "text"),
    [
        (PaymentCaptured("o-1", 605), "Thank you for your order", "We have received 6.05 for 2 articles."),
        (
            PaymentFailed("o-1", 100_050, "no"),
            "Your payment failed",
            "We could not collect 1000.50: no.",
        ),
    ],
)
def test_a_customer_is_told_how_the_payment_went(
    driver: TopologyDriver, payment: Payment, subject: str, text: str
) -> None:
    """One e-mail per payment, to the customer of the order, with the exact amount and the payment's time."""
    driver.pipe(ORDERS, "o-1", ORDER, timestamp=1_000)
    assert driver.read(EMAILS) == []
    driver.pipe(PAYMENTS, "o-1", payment, timestamp=2_000)
    (record,) = driver.read(EMAILS)
    assert (record.key, record.value, record.timestamp) == ("o-1", Email("o-1", "ada", subject, text), 2_000)


def test_a_payment_finds_its_order_when_both_have_one_time(driver: TopologyDriver) -> None:
    """A payment has the timestamp of its order."""
    driver.pipe(ORDERS, "o-1", ORDER, timestamp=1_000)
    driver.pipe(PAYMENTS, "o-1", PaymentCaptured("o-1", 605), timestamp=1_000)
    assert [key for key, _ in driver.pairs(EMAILS)] == ["o-1"]


def queues() -> RecordQueues:
    """What a task of the topology would take its records from; nothing is known of the logs' ends yet."""
    (sub,) = plan(email.topology, codec_for).subtopologies
    return RecordQueues([(source.topic, 0) for source in sub.sources], email.topology.max_task_idle_ms)


def test_of_one_time_the_order_is_taken_first() -> None:
    """Also when the payment was fetched first; the payment follows when no other order has come for a second."""
    waiting = queues()
    for topic in (PAYMENTS, ORDERS):
        waiting.add(topic.name, 0, [(0, 1_000, b"o-1", b"{}", ())], 1)
        waiting.set_end(topic.name, 0, 1)
    taken = [waiting.take(now, 100) for now in (0, 0, 1_000)]
    assert taken[1] is None
    assert [run[0] for run in taken if run] == [ORDERS.name, PAYMENTS.name]


def test_a_payment_waits_for_an_order_that_was_not_fetched_yet() -> None:
    """Up to a second; where the log is known to hold more, as long as that takes."""
    waiting = queues()
    waiting.add(PAYMENTS.name, 0, [(0, 1_000, b"o-1", b"{}", ())], 1)
    waiting.add(ORDERS.name, 0, [], 0)
    waiting.set_end(PAYMENTS.name, 0, 1)
    waiting.set_end(ORDERS.name, 0, 1)
    while run := waiting.take(0, 100):
        assert not run[2]
    assert not waiting.ready(3_600_000)
    waiting.set_end(ORDERS.name, 0, 0)
    assert not waiting.ready(5_000_000)
    assert not waiting.ready(5_000_999)
    assert waiting.ready(5_001_000)


def test_a_payment_without_an_order_is_left_out(driver: TopologyDriver) -> None:
    """Nobody can be written to; an order that comes later changes nothing."""
    driver.pipe(PAYMENTS, "o-1", PaymentCaptured("o-1", 605))
    driver.pipe(ORDERS, "o-1", ORDER)
    assert driver.read(EMAILS) == []


def test_orders_are_known_after_a_restart(driver: TopologyDriver) -> None:
    """The table comes back from the topic it is made of."""
    driver.pipe(ORDERS, "o-1", ORDER)
    driver.restart()
    driver.pipe(PAYMENTS, "o-1", PaymentCaptured("o-1", 605))
    assert [key for key, _ in driver.pairs(EMAILS)] == ["o-1"]
    assert driver.table("orders-by-id") == {"o-1": ORDER}


def test_an_email_carries_the_correlation_id_of_the_request(driver: TopologyDriver) -> None:
    """The payment is its cause."""
    driver.pipe(ORDERS, "o-1", ORDER)
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"event-2"), ("ce_correlationid", b"request-1"))
    driver.pipe(PAYMENTS, "o-1", PaymentCaptured("o-1", 605), headers=headers)
    (record,) = driver.read(EMAILS)
    given = dict(record.headers)
    assert (given["ce_correlationid"], given["ce_causationid"], given["ce_type"]) == (
        b"request-1",
        b"event-2",
        b"Email",
    )
