"""The saga as a whole: every way an order can end, events that come twice and in any order, and the sums at the end."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.topologies.shop import Shop, placed
from topologies.billing import LIMIT_PENCE
from topologies.events import (
    EMAILS,
    PAYMENTS,
    SHIPMENTS,
    OrderPlaced,
    OrderShipped,
    PaymentCaptured,
    PaymentRefunded,
)
from topologies.order import FINAL
from topologies.shelf import Shelf
from topologies.shipping import MOST_PIECES


def mails(shop: Shop, order_id: str) -> list[str]:
    """Subjects of the letters about an order."""
    return [mail.subject for mail in shop.values(EMAILS.name, order_id)]


def test_an_order_goes_all_the_way() -> None:
    """Reserved, paid, shipped, confirmed; the pieces have left the shelf."""
    with Shop() as shop:
        shop.deliver("mug", 10)
        shop.settle()
        shop.place(placed(pieces=3))
        shop.settle()
        assert shop.events_of("o-1") == ["OrderPlaced", "StockReserved", "PaymentCaptured", "OrderShipped"]
        assert shop.status("o-1") == "shipped"
        assert mails(shop, "o-1") == ["Thank you for your order"]
        assert shop.driver("inventory").table("shelves") == {"France/mug": Shelf(free=7, shipped=3)}


@pytest.mark.parametrize(
    ("order", "events", "status"),
    [
        (placed(pieces=11), ["OrderPlaced", "StockRefused", "PaymentFailed"], "rejected"),
        (
            placed(pence=LIMIT_PENCE),
            ["OrderPlaced", "StockReserved", "PaymentFailed", "StockReleased"],
            "rejected",
        ),
        (placed(card="declined-1"), ["OrderPlaced", "StockReserved", "PaymentFailed", "StockReleased"], "rejected"),
    ],
)
def test_what_cannot_be_taken_is_given_back(order: OrderPlaced, events: list[str], status: str) -> None:
    """Nothing is taken, nothing stays put aside, and the customer is told why, once."""
    with Shop() as shop:
        shop.deliver("mug", 10)
        shop.settle()
        shop.place(order)
        shop.settle()
        assert (shop.events_of("o-1"), shop.status("o-1")) == (events, status)
        assert mails(shop, "o-1") == ["We are sorry: your order could not be taken"]
        assert shop.driver("inventory").table("shelves") == {"France/mug": Shelf(free=10)}


def test_what_the_carrier_refuses_is_refunded() -> None:
    """The money goes back and so do the goods, in either order."""
    pieces = MOST_PIECES + 1
    with Shop() as shop:
        shop.place(placed(pieces=pieces, pence=1))
        shop.settle()
        assert Counter(shop.events_of("o-1")) == Counter(
            ["OrderPlaced", "StockReserved", "PaymentCaptured", "ShipmentFailed", "PaymentRefunded", "StockReleased"]
        )
        assert shop.status("o-1") == "failed"
        assert mails(shop, "o-1") == ["We are sorry: you have your money back"]
        assert shop.driver("inventory").table("shelves") == {"France/mug": Shelf()}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("steps", range(0, 40, 4))
def test_a_cancellation_is_honoured_or_refused_whenever_it_comes(steps: int, seed: int) -> None:
    """Before and after capture, before and after shipping: either everything is undone or the order is shipped."""
    with Shop(seed=seed) as shop:
        shop.place(placed())
        for _ in range(steps):
            shop.step()
        shop.cancel("o-1")
        shop.settle()
        (shelf,) = shop.driver("inventory").table("shelves").values()
        kinds = Counter(type(event) for event in shop.values(PAYMENTS.name))
        if shop.status("o-1") == "shipped":
            assert (kinds[PaymentCaptured], kinds[PaymentRefunded], shelf.reserved, shelf.shipped) == (1, 0, 0, 2)
            assert "OrderTransitionRefused" in shop.events_of("o-1")
        else:
            assert shop.status("o-1") in FINAL
            assert (kinds[PaymentCaptured] - kinds[PaymentRefunded], shelf) == (0, Shelf())
        assert len(mails(shop, "o-1")) == 1


def test_a_cancellation_after_shipping_is_refused() -> None:
    """The refusal says what the order was."""
    with Shop() as shop:
        shop.place(placed())
        shop.settle()
        shop.cancel("o-1")
        shop.settle()
        assert shop.events_of("o-1")[-1] == "OrderTransitionRefused"
        assert shop.status("o-1") == "shipped"
        assert mails(shop, "o-1") == ["Thank you for your order"]


@pytest.mark.parametrize("seed", range(5))
def test_the_pence_add_up_whatever_happens(seed: int) -> None:
    """Two hundred orders with failures at every step, cancellations, doubled events: money, stock and letters agree."""
    with Shop(seed=seed, doubles=0.2) as shop:
        chance = shop.random.random
        for country in ("France", "Norway"):
            for sku in ("mug", "tray"):
                shop.deliver(sku, 3_000, country)
        shop.settle()
        orders = [
            placed(
                f"o-{number}",
                pieces=MOST_PIECES + 1 if chance() < 0.05 else 1 + int(50 * chance()),
                pence=50_000 if chance() < 0.1 else 7,
                country="France" if chance() < 0.5 else "Norway",
                sku="mug" if chance() < 0.5 else "tray",
                card="declined" if chance() < 0.1 else "",
            )
            for number in range(200)
        ]
        for order in orders:
            shop.place(order)
            for _ in range(int(20 * chance())):
                shop.step()
            if chance() < 0.3:
                shop.cancel(shop.random.choice(orders[: orders.index(order) + 1]).order_id)
        shop.settle()
        statuses = {order.order_id: shop.status(order.order_id) for order in orders}
        assert set(statuses.values()) == set(FINAL)
        shipped = [order for order in orders if statuses[order.order_id] == "shipped"]
        assert {event.order_id for event in shop.values(SHIPMENTS.name) if isinstance(event, OrderShipped)} == {
            order.order_id for order in shipped
        }
        payments = shop.values(PAYMENTS.name)
        captured = sum(event.pence for event in payments if isinstance(event, PaymentCaptured))
        refunded = sum(event.pence for event in payments if isinstance(event, PaymentRefunded))
        assert captured - refunded == sum(order.pence for order in shipped) > 0 < refunded
        gone = Counter[str]()
        for order in shipped:
            gone[f"{order.country}/{order.lines[0].sku}"] += order.pieces
        assert shop.driver("inventory").table("shelves") == {
            key: Shelf(free=3_000 - gone[key], shipped=gone[key]) for key in gone
        }
        assert Counter(mail.order_id for mail in shop.values(EMAILS.name)) == Counter(statuses.keys())
        assert not any(shop.driver(name).dead_letters for name in ("orders", "inventory", "billing", "shipping"))
