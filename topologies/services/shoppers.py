"""A made-up public for the demo: who shops, what they look at and what they order.

The same seed gives the same people, baskets and clicks. Knows nothing of time, HTTP or Kafka.
"""

from __future__ import annotations

from random import Random
from typing import Any

from streamapp import MINUTE
from topologies.events import Activity, FraudRule, RetailRow, User

COUNTRIES = {"United Kingdom": 60, "Germany": 14, "France": 12, "Ireland": 6, "Netherlands": 5, "Norway": 3}
"""With how often a shopper lives there."""

ARTICLES = (
    ("20725", "Lunch bag, red spots", 165),
    ("22423", "Cake stand, three tiers", 1275),
    ("85123", "Candle holder, white", 255),
    ("47566", "Party bunting", 495),
    ("84879", "Bird ornament", 169),
    ("22720", "Cake tins, set of three", 495),
    ("21212", "Cake cases, 72 pieces", 55),
    ("22197", "Popcorn holder, small", 85),
    ("23203", "Jumbo bag, vintage", 208),
    ("22086", "Paper chain kit", 295),
)
"""Article number, name and price in pence; the popular ones first."""

SEGMENTS = ("private", "trade")
ACTIONS = ("viewed", "viewed", "viewed", "searched", "added to basket")
PAGES = ("/", "/sale", *(f"/articles/{sku}" for sku, _, _ in ARTICLES))

THIEF = "customer-200"
"""Somebody orders in this customer's name, each time with another card and from another country."""

STOLEN_EVERY, STOLEN_FIRST = 25, 2
"""Of so many orders one is the thief's, beginning with this one."""

RULES = {"velocity": FraudRule(limit=300, within=MINUTE)}
"""This public orders faster than any real one: by itself that is no fraud here."""

BULK = 0.04
"""Share of orders by the hundred; most of them cost more than a card allows."""


class Shoppers:
    """Two hundred people; the first are the busiest (Zipf: the n-th comes 1/n as often as the first)."""

    def __init__(self, seed: int = 1, people: int = 200) -> None:
        self._random = Random(seed)  # noqa: S311 - a made-up public, no secrets
        self.users = {f"customer-{number:03}": self._user(number) for number in range(1, people + 1)}
        self._ids = tuple(self.users)
        self._busy = [1 / rank for rank in range(1, people + 1)]
        self._popular = [1 / rank for rank in range(1, len(ARTICLES) + 1)]
        self._checkouts = 0

    def checkout(self) -> dict[str, Any]:
        """The body of a request to the checkout."""
        who = self._someone()
        by_thief = self._checkouts % STOLEN_EVERY == STOLEN_FIRST
        self._checkouts += 1
        by = 100 if self._random.random() < BULK else 1
        chosen = dict.fromkeys(self._random.choices(ARTICLES, self._popular, k=self._random.randint(1, 5)))
        lines = [
            {
                "sku": sku,
                "quantity": by * self._random.randint(1, 6),
                "unit_price": f"{pence // 100}.{pence % 100:02}",
            }
            for sku, _, pence in chosen
        ]
        if by_thief:
            country = tuple(COUNTRIES)[self._checkouts // STOLEN_EVERY % len(COUNTRIES)]
            return {"customer_id": THIEF, "country": country, "lines": lines, "card": f"card-{self._checkouts}"}
        return {"customer_id": who, "country": self.users[who].country, "lines": lines}

    def activity(self) -> Activity:
        """Somebody does something on a page."""
        return Activity(self._someone(), self._random.choice(ACTIONS), self._random.choice(PAGES))

    def message(self) -> str:
        """A note to the shop; every fourth says that it is important."""
        who = self._someone()
        return self._random.choice(
            (
                f"important: {who} has not received the order",
                f"{who} asks for a catalogue",
                f"{who} says thank you",
                f"{who} has moved",
            )
        )

    def _someone(self) -> str:
        return self._random.choices(self._ids, self._busy)[0]

    def _user(self, number: int) -> User:
        (country,) = self._random.choices(tuple(COUNTRIES), tuple(COUNTRIES.values()))
        return User(f"Customer {number}", country, self._random.choice(SEGMENTS))


def invoice(body: dict[str, Any], order_id: str, first_row: int) -> list[RetailRow]:
    """The invoice lines of a checkout, numbered from `first_row`."""
    names = {sku: (name, pence) for sku, name, pence in ARTICLES}
    rows = []
    for row, line in enumerate(body["lines"], first_row):
        name, pence = names[line["sku"]]
        quantity = line["quantity"]
        rows.append(
            RetailRow(
                row=row,
                invoice=order_id,
                stock_code=line["sku"],
                description=name,
                quantity=quantity,
                mills=pence * 10,
                pence=pence * quantity,
                customer=body["customer_id"],
                country=body["country"],
            )
        )
    return rows
