"""The topology `fraud`: each check by its rule, rules that change while it runs, and what an alert says."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from streamapp import DAY, HOUR, MINUTE, SECOND
from streamapp.testing.driver import TopologyDriver
from tests.topologies.shop import event_headers, placed
from topologies import fraud
from topologies.events import (
    FRAUD_ALERTS,
    FRAUD_RULES,
    ORDERS,
    Attempt,
    FraudRule,
    FraudSuspected,
    OrderCancelled,
    OrderPlaced,
)
from topologies.suspicion import CHECKS, DEFAULTS, KEPT, MOST, remembered

OFF = FraudRule(0, 0, on=False)
START = 100 * DAY


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(fraud.topology) as running:
        yield running


def only(driver: TopologyDriver, check: str, rule: FraudRule | None = None) -> None:
    """Switches all other checks off."""
    for name in CHECKS:
        driver.pipe(FRAUD_RULES, name, (rule or DEFAULTS[name]) if name == check else OFF)


def order(driver: TopologyDriver, order_id: str, at: int = 0, made: OrderPlaced | None = None) -> list[FraudSuspected]:
    """The alerts of an order that is placed `at` ms after the start."""
    event = msgspec.structs.replace(made or placed(), order_id=order_id)
    driver.pipe(ORDERS, order_id, event, START + at, event_headers(f"event-{order_id}"))
    return [record.value for record in driver.read(FRAUD_ALERTS)]


def causes(alerts: list[FraudSuspected]) -> list[list[str]]:
    """The orders of each alert."""
    return [[cause.order_id for cause in alert.causes] for alert in alerts]


def test_an_alert_carries_the_orders_that_caused_it(driver: TopologyDriver) -> None:
    """With the ids of their events, the rule as it was, under the customer; its time is the order's."""
    only(driver, "velocity", rule := FraudRule(limit=1, within=MINUTE))
    assert order(driver, "a", 0) == []
    driver.pipe(ORDERS, "b", placed("b", pence=700, card="visa"), START + SECOND, event_headers("event-b"))
    (record,) = driver.read(FRAUD_ALERTS)
    assert record.value == FraudSuspected(
        "b",
        "ada",
        "velocity",
        rule,
        (
            Attempt("a", START, 1000, "France", "", "event-a"),
            Attempt("b", START + SECOND, 1400, "France", "visa", "event-b"),
        ),
    )
    assert (record.key, record.timestamp) == ("ada", START + SECOND)


def test_a_rule_that_changes_between_two_orders_holds_from_the_second_on(driver: TopologyDriver) -> None:
    """Without a restart, and also when it is switched off or deleted, which brings the default back."""
    only(driver, "velocity", FraudRule(limit=3, within=HOUR))
    assert [order(driver, name, at) for at, name in enumerate("abc")] == [[], [], []]
    driver.pipe(FRAUD_RULES, "velocity", FraudRule(limit=2, within=HOUR))
    assert causes(order(driver, "d", 3)) == [["a", "b", "c", "d"]]
    driver.pipe(FRAUD_RULES, "velocity", OFF)
    assert order(driver, "e", 4) == []
    driver.pipe(FRAUD_RULES, "velocity", None)
    (alert,) = order(driver, "f", 5)
    assert (alert.rule, len(alert.causes)) == (DEFAULTS["velocity"], 6)


def test_the_time_of_a_rule_ends_before_the_order_that_is_just_so_old(driver: TopologyDriver) -> None:
    """An order from `within` ms before does not count, one from a ms later does."""
    only(driver, "velocity", FraudRule(limit=1, within=MINUTE))
    order(driver, "a", 0)
    assert order(driver, "b", MINUTE) == []
    assert causes(order(driver, "c", 2 * MINUTE - 1)) == [["b", "c"]]


def test_customers_do_not_count_for_each_other(driver: TopologyDriver) -> None:
    """However fast they are together."""
    only(driver, "velocity", FraudRule(limit=1, within=MINUTE))
    assert order(driver, "a", 0, placed(customer="ada")) == []
    assert order(driver, "b", 0, placed(customer="bob")) == []


def test_an_order_is_dear_by_what_its_customer_is_used_to(driver: TopologyDriver) -> None:
    """More than the limit times their average, once they have made enough orders for one."""
    only(driver, "amount", FraudRule(limit=3, within=DAY, least=2))
    assert order(driver, "a", 0, placed(pieces=1, pence=100)) == []
    assert order(driver, "b", 1, placed(pieces=1, pence=9000, customer="bob")) == []
    assert order(driver, "c", 2, placed(pieces=1, pence=300)) == []
    assert order(driver, "d", 3, placed(pieces=1, pence=600)) == []
    assert causes(order(driver, "e", 4, placed(pieces=1, pence=1001))) == [["a", "c", "d", "e"]]


def test_several_cards_are_suspected_when_a_new_one_comes(driver: TopologyDriver) -> None:
    """One order for each; a card that is not known is none, and one that was seen is not new."""
    only(driver, "cards", FraudRule(limit=2, within=HOUR))
    for at, card in enumerate(("visa", "", "amex", "visa", "")):
        assert order(driver, f"o-{at}", at, placed(card=card)) == []
    assert causes(order(driver, "o-5", 5, placed(card="maestro"))) == [["o-0", "o-2", "o-5"]]
    assert order(driver, "o-6", 6, placed(card="maestro")) == []


def test_a_change_of_country_is_suspected_once(driver: TopologyDriver) -> None:
    """Within a day; who moves is not suspected for ever."""
    only(driver, "countries")
    assert order(driver, "a", 0, placed(country="France")) == []
    assert causes(order(driver, "b", HOUR, placed(country="Norway"))) == [["a", "b"]]
    assert order(driver, "c", 2 * HOUR, placed(country="Norway")) == []
    assert order(driver, "d", 3 * DAY, placed(country="France")) == []


def test_an_event_that_comes_twice_is_one_order(driver: TopologyDriver) -> None:
    """It is neither counted nor judged again, also after a restart."""
    only(driver, "velocity", FraudRule(limit=1, within=MINUTE))
    order(driver, "a", 0)
    driver.restart()
    assert order(driver, "a", 0) == []
    assert len(order(driver, "b", 1)) == 1
    assert order(driver, "b", 1) == []


def test_an_order_that_comes_late_is_judged_by_those_before_it(driver: TopologyDriver) -> None:
    """And counts for those behind it."""
    only(driver, "velocity", FraudRule(limit=2, within=MINUTE))
    assert order(driver, "c", 20) == []
    assert order(driver, "a", 0) == []
    assert order(driver, "b", 10) == []
    assert causes(order(driver, "d", 30)) == [["a", "b", "c", "d"]]


def test_rules_are_known_after_a_restart(driver: TopologyDriver) -> None:
    """They come back from their topic, and the orders from theirs."""
    only(driver, "velocity", FraudRule(limit=1, within=MINUTE))
    order(driver, "a", 0)
    driver.restart()
    assert causes(order(driver, "b", 1)) == [["a", "b"]]


def test_what_is_no_order_is_nothing_to_the_checks(driver: TopologyDriver) -> None:
    """A cancellation makes nobody suspect."""
    driver.pipe(ORDERS, "a", OrderCancelled("a"), START)
    assert driver.read(FRAUD_ALERTS) == []
    assert driver.table("attempts") == {}


def test_so_much_is_remembered_of_a_customer() -> None:
    """In the order of time: thirty days, and no more than the newest."""

    def attempt(at: int) -> Attempt:
        return Attempt(str(at), at, 1, "France", "")

    orders: tuple[Attempt, ...] = ()
    for at in (5, 0, KEPT + 1):
        orders = remembered(orders, attempt(at))
    assert [order.at for order in orders] == [5, KEPT + 1]
    for at in range(MOST):
        orders = remembered(orders, attempt(KEPT + 10 + at))
    assert (len(orders), orders[0].at) == (MOST, KEPT + 10)
