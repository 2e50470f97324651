"""The checks for fraud: from a rule and a customer's orders to those that break it, as pure functions.

Knows nothing of topics, nor of where rules and orders are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streamapp import DAY, HOUR, MINUTE
from topologies.events import Attempt, FraudRule

KEPT = 30 * DAY
"""How long the orders of a customer are remembered: no rule looks further back."""

MOST = 200
"""Orders of a customer that are remembered at most: the newest."""

DEFAULTS = {
    "velocity": FraudRule(limit=5, within=MINUTE),
    "amount": FraudRule(limit=10, within=KEPT, least=5),
    "cards": FraudRule(limit=2, within=HOUR),
    "countries": FraudRule(limit=1, within=DAY),
}
"""The rules of checks that have none on the topic."""

Check = Callable[[FraudRule, tuple[Attempt, ...]], tuple[Attempt, ...]]
"""From a rule and a customer's orders in its time, the judged one last: those that break it, or none."""


def too_fast(rule: FraudRule, orders: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """More orders than the limit."""
    return orders if len(orders) > rule.limit else ()


def too_dear(rule: FraudRule, orders: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """More than the limit times what the customer's other orders cost on average."""
    own, last = orders[:-1], orders[-1]
    average = sum(order.pence for order in own) / max(len(own), 1)
    return orders if len(own) >= max(rule.least, 1) and last.pence > rule.limit * average else ()


def too_many(of: Callable[[Attempt], str]) -> Check:
    """More different ones than the limit, where the last is new; what is empty is not known and does not count."""

    def check(rule: FraudRule, orders: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
        first: dict[str, Attempt] = {}
        for order in orders:
            first.setdefault(of(order), order)
        first.pop("", None)
        new = first.get(of(orders[-1])) == orders[-1]
        return tuple(first.values()) if new and len(first) > rule.limit else ()

    return check


CHECKS: Mapping[str, Check] = {
    "velocity": too_fast,
    "amount": too_dear,
    "cards": too_many(lambda order: order.card),
    "countries": too_many(lambda order: order.country),
}


def in_time(rule: FraudRule, before: tuple[Attempt, ...], now: Attempt) -> tuple[Attempt, ...]:
    """The orders a rule looks at: `now`, and behind it what came up to `within` ms before."""
    return (*(order for order in before if now.at - rule.within < order.at <= now.at), now)


def remembered(before: tuple[Attempt, ...], now: Attempt) -> tuple[Attempt, ...]:
    """What is kept of a customer, in the order of time."""
    orders = sorted((*before, now), key=lambda order: order.at)
    return tuple(order for order in orders if order.at > orders[-1].at - KEPT)[-MOST:]
