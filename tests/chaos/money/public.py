"""Who orders what, and who changes their mind: such that every step of the saga fails now and then.

Knows nothing of Kafka.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from topologies.billing import DECLINED
from topologies.events import OrderCancelled, OrderEvent, OrderLine, OrderPlaced, StockDelivered
from topologies.shipping import MOST_PIECES

COUNTRIES = ("France", "Norway", "Ireland", "Germany", "Spain", "Italy")
ARTICLES = ("mug", "tray", "lamp", "cake-stand")
SCARCE = "lamp"
"""Of this article so little is delivered that most who want it do not get it."""

CANCELLED, DECLINED_CARDS, TOO_DEAR, TOO_HEAVY = 0.15, 0.1, 0.05, 0.05
"""Shares of the orders."""


def deliveries(orders: int) -> Iterator[StockDelivered]:
    """What comes to the warehouses before the first order."""
    for country in COUNTRIES:
        for sku in ARTICLES:
            yield StockDelivered(country, sku, orders // 20 if sku == SCARCE else orders * 100)


def order(number: int, chance: Random) -> OrderPlaced:
    """The order of a number."""
    lines = [
        OrderLine(sku, chance.randint(1, 5), chance.randint(1, 2_000))
        for sku in chance.sample(ARTICLES, chance.randint(1, 3))
    ]
    if chance.random() < TOO_HEAVY:
        lines.append(OrderLine("mug", MOST_PIECES, 1))
    if chance.random() < TOO_DEAR:
        lines.append(OrderLine("tray", 1, 1_000_00))
    card = f"{DECLINED}-{number}" if chance.random() < DECLINED_CARDS else f"card-{number}"
    customer = f"customer-{chance.randint(1, 50)}"
    return OrderPlaced(f"order-{number:06}", customer, chance.choice(COUNTRIES), tuple(lines), card)


def public(orders: int, chance: Random) -> Iterator[OrderEvent]:
    """Orders, and between them cancellations of any that came before, most of them just before."""
    placed: list[str] = []
    for number in range(orders):
        one = order(number, chance)
        placed.append(one.order_id)
        yield one
        if chance.random() < CANCELLED:
            back = min(len(placed), 1 + int(chance.expovariate(1 / 10)))
            yield OrderCancelled(placed[-back])
