"""What a model is told of a customer, made of their orders as of a time by one pure function.

Knows nothing of topics, labels, or where orders are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from streamapp import DAY, HOUR

SPANS = {"hour": HOUR, "day": DAY, "month": 30 * DAY}


class Purchase(Struct, frozen=True):
    """An order, as far as features are made of it."""

    order_id: str
    at: int
    pence: int


class Spent(Struct, frozen=True):
    """Orders of some time, what they cost, and how long ago (ms) the last was; None when there was none."""

    orders: int = 0
    pence: int = 0
    recency: int | None = None


class Features(Struct, frozen=True):
    """What a model is told of a customer: the last hour, 24 hours and 30 days."""

    hour: Spent = Spent()
    day: Spent = Spent()
    month: Spent = Spent()


def features_of(purchases: Iterable[Purchase], at: int) -> Features:
    """The features as of a time (ms): of what came at it or before, and of nothing that came after."""
    known = [purchase for purchase in purchases if purchase.at <= at]
    return Features(**{name: _spent([one for one in known if one.at > at - span], at) for name, span in SPANS.items()})


def _spent(purchases: list[Purchase], at: int) -> Spent:
    last = max((one.at for one in purchases), default=None)
    pence = sum(one.pence for one in purchases)
    return Spent(len(purchases), pence, None if last is None else at - last)
