"""The made-up public: the same for the same seed, and such that every topology has something to do."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import msgspec

from streamapp.testing.driver import TopologyDriver
from topologies.analytics.events import READINGS, SENSOR_SETTINGS
from topologies.analytics.telemetry import topology as telemetry
from topologies.billing import LIMIT_PENCE, charge
from topologies.events import FRAUD_RULES, ORDERS, Activity, PaymentCaptured, PaymentFailed, StockReserved
from topologies.fraud import topology as fraud
from topologies.important import is_important
from topologies.services.checkout import Checkout, order_of
from topologies.services.sensors import ATTIC, COLD_STORE, OPENED_EVERY, SETTINGS, readings
from topologies.services.shoppers import COUNTRIES, RULES, THIEF, Shoppers, invoice


def scene(seed: int) -> list[object]:
    """A little of all that shoppers do."""
    public = Shoppers(seed)
    return [public.users, *((public.checkout(), public.activity(), public.message()) for _ in range(50))]


def test_the_same_seed_gives_the_same_people() -> None:
    """What they look at, order and write too; another seed gives others."""
    assert scene(7) == scene(7)
    assert scene(7) != scene(8)


def test_their_orders_are_taken_by_the_checkout() -> None:
    """Every body is a valid request; most are paid, a few are above the limit."""
    public = Shoppers(1)
    requests = [msgspec.convert(public.checkout(), Checkout) for _ in range(1_000)]
    answers = Counter(type(charge(StockReserved.of(order_of(request, "o")))) for request in requests)
    assert answers[PaymentCaptured] > 900
    assert answers[PaymentFailed] > 5
    assert LIMIT_PENCE == 100_000


def test_a_thief_is_among_them_whom_fraud_suspects() -> None:
    """The same name, other cards, other countries; who only orders often is no thief here."""
    public, found = Shoppers(1), Counter[str]()
    with TopologyDriver(fraud) as driver:
        for check, rule in RULES.items():
            driver.pipe(FRAUD_RULES, check, rule)
        for number in range(200):
            order = order_of(msgspec.convert(public.checkout(), Checkout), f"o-{number}")
            driver.pipe(ORDERS, order.order_id, order, timestamp=number * 50)
        for who, alert in driver.pairs("fraud-alerts"):
            found[alert.check] += who == THIEF
            assert alert.check != "velocity"
    assert found["countries"] > 1 < found["cards"]


def test_the_cold_store_is_too_warm_now_and_then() -> None:
    """One edge up, one down, and a sustained state for each opening of its door; the attic is heard once."""
    with TopologyDriver(telemetry) as driver:
        for sensor, settings in SETTINGS.items():
            driver.pipe(SENSOR_SETTINGS, sensor, settings)
        for number, (sensor, reading) in enumerate(islice(readings(), 1 + 2 * OPENED_EVERY)):
            driver.pipe(READINGS, sensor, reading, timestamp=number * 200)
        assert [edge.to for _, edge in driver.pairs("temperature-edges")] == ["H", "N", "H", "N"]
        assert len(driver.pairs("temperature-sustained")) == 2
        assert {sensor for sensor, _ in driver.pairs("temperature-z")} == {COLD_STORE}
        hours = {key.key: hour.rows for key, hour in driver.table("temperature-hourly").items()}
        assert hours == {COLD_STORE: 2 * OPENED_EVERY, ATTIC: 1}


def test_they_are_known_and_some_come_more_often() -> None:
    """Activities are of users that exist, and the first is the busiest."""
    public = Shoppers(1)
    activities = [public.activity() for _ in range(2_000)]
    assert all(isinstance(one, Activity) and one.user_id in public.users for one in activities)
    assert Counter(one.user_id for one in activities).most_common(1)[0][0] == "customer-001"
    assert {user.country for user in public.users.values()} <= set(COUNTRIES)


def test_some_messages_are_important() -> None:
    """About every fourth."""
    public = Shoppers(1)
    share = sum(is_important(public.message()) for _ in range(1_000)) / 1_000
    assert 0.2 < share < 0.3


def test_an_invoice_is_worth_what_was_ordered() -> None:
    """Its rows are numbered on, and their pence are those of the order."""
    public = Shoppers(1)
    for _ in range(100):
        body = public.checkout()
        rows = invoice(body, "o-1", 40)
        order = order_of(msgspec.convert(body, Checkout), "o-1")
        assert [row.row for row in rows] == list(range(40, 40 + len(rows)))
        assert sum(row.pence for row in rows) == order.pence
        assert {(row.invoice, row.customer, row.country) for row in rows} == {("o-1", order.customer_id, order.country)}
        assert all(row.mills * row.quantity == row.pence * 10 for row in rows)
