"""The money test in short, and that its books find what does not agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from streamapp.kafka.broker.server import Broker
from tests.chaos.money.books import Books
from tests.chaos.money.public import public
from tests.chaos.money.run import Money
from topologies.customer_dashboard import Customer
from topologies.email import letter
from topologies.events import (
    HistoryEntry,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    OrderShipped,
    PaymentCaptured,
    PaymentRefunded,
    ShipmentFailed,
    ShopEvent,
    Source,
    StockDelivered,
    StockReleased,
    StockReserved,
)
from topologies.order import Order, take
from topologies.orders_read_model import OrderView
from topologies.shelf import Shelf

GONE, BACK = (
    OrderPlaced(order_id, "ada", "France", (OrderLine("mug", pieces, 100),))
    for order_id, pieces in (("o-1", 2), ("o-2", 3))
)


def history(*events: ShopEvent) -> list[HistoryEntry]:
    """What the topology `orders` writes of one order."""
    order, entries = Order(), list[HistoryEntry]()
    for event in events:
        order, more = take(order, event)
        for one, status in more:
            number = len(entries) + 1
            entries.append(HistoryEntry(event.order_id, "ada", number, one, status, Source("orders", 0, number)))
    return entries


def books() -> Books:
    """One order that was shipped and one that was refunded, of ten mugs."""
    shipped, failed = OrderShipped.of(GONE), ShipmentFailed.of(BACK, reason="no")
    paid, paid_back, refund = (
        PaymentCaptured.of(GONE),
        PaymentCaptured.of(BACK),
        PaymentRefunded.of(BACK, reason="no"),
    )
    payments = {"a": paid, "b": paid_back, "c": refund}
    emails = {"g": letter(shipped), "h": letter(refund)}
    back = history(BACK, StockReserved.of(BACK), paid_back, failed, refund, StockReleased.of(BACK, reason="no"))
    return Books(
        orders={"o-1": GONE, "o-2": BACK},
        deliveries=[StockDelivered("France", "mug", 10)],
        payments=payments,
        shipments={"e": shipped, "f": failed},
        emails=emails,
        history=[*history(GONE, StockReserved.of(GONE), paid, shipped), *back],
        shelves={"France/mug": Shelf(free=8, shipped=2)},
        views={"o-1": OrderView(status="shipped"), "o-2": OrderView(status="failed")},
        customers={"ada": Customer(orders=2, captured=500, refunded=300)},
        letters={email.message_id: 1 for email in emails.values()},
    )


def test_books_that_agree_have_no_problems() -> None:
    """Their figures are those of the events; a letter that came twice under one id is counted, and no problem."""
    good = books()
    assert good.problems() == []
    assert (good.captured, good.refunded, good.summary["shipped_pence"], good.sent_again) == (500, 300, 200, 0)
    assert Books(**{**vars(good), "letters": dict.fromkeys(good.letters, 2)}).sent_again == 2


@pytest.mark.parametrize(
    ("plant", "problem"),
    [
        (
            lambda b: {"payments": {**b.payments, "c": replace(b.payments["c"], pence=299)}},
            "captured 500 - refunded 299",
        ),
        (lambda b: {"payments": {**b.payments, "d": b.payments["a"]}}, "effects were done more than once"),
        (lambda b: {"shipments": {**b.shipments, "x": b.shipments["e"]}}, "effects were done more than once"),
        (lambda b: {"shipments": {"f": b.shipments["f"]}}, "by shipping or by their history alone"),
        (lambda b: {"history": b.history[:-1]}, "order o-2 is compensating in the end"),
        (lambda b: {"history": b.history[:4]}, "order o-2 is unknown in the end"),
        (lambda b: {"history": [*b.history, b.history[0]]}, "entries of histories are there twice"),
        (lambda b: {"shelves": {"France/mug": Shelf(free=7, reserved=1, shipped=2)}}, "shelf France/mug is"),
        (lambda b: {"shelves": {}}, "shelf France/mug is None"),
        (lambda b: {"emails": {"g": b.emails["g"]}}, "have not exactly one letter written: ['o-2']"),
        (lambda b: {"emails": {**b.emails, "i": b.emails["g"]}}, "have not exactly one letter written: ['o-1']"),
        (lambda b: {"letters": {}}, "2 letters have not reached the mail server"),
        (lambda b: {"views": {**b.views, "o-1": OrderView(status="paid")}}, "are shown as something else"),
        (lambda b: {"customers": {"ada": Customer(2, 500, 200)}}, "add up to [2, 500, 200]"),
    ],
)
def test_what_is_planted_is_found(plant: Callable[[Books], dict[str, Any]], problem: str) -> None:
    """A penny, a piece, an order, a letter."""
    good = books()
    found = Books(**{**vars(good), **plant(good)}).problems()
    assert any(problem in one for one in found), found


def test_the_public_makes_every_step_fail() -> None:
    """And is the same for the same seed."""
    events = list(public(500, Random(1)))
    assert events == list(public(500, Random(1)))
    assert sum(isinstance(event, OrderCancelled) for event in events) > 50
    placed = {event.order_id for event in events if isinstance(event, OrderPlaced)}
    assert len(placed) == 500
    assert {event.order_id for event in events} == placed


@pytest.mark.timeout(600)
async def test_the_books_agree_after_failures_copies_and_a_kill(tmp_path: Path) -> None:
    """Short: `scripts/money` is the same with ten thousand orders."""
    broker = Broker(tmp_path / "broker")
    try:
        money = Money(broker.start().bootstrap_servers, tmp_path, seed=2, orders=120, kills=1)
        found = await money.run()
    finally:
        broker.stop()
    assert found.problems() == []
    assert money.killed == 1
    assert money.copies > 0
    assert money.busy > 0
    assert set(found.summary["statuses"]) == {"shipped", "rejected", "cancelled", "failed"}
    assert found.refunded > 0 < found.summary["shipped_pence"]
