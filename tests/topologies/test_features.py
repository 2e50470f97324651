"""The topology `features`: sums as of a time, and rows of training that know nothing of what came after their label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from random import Random

import pytest

from streamapp import DAY, HOUR, MINUTE
from streamapp.testing.driver import TopologyDriver
from tests.topologies.shop import event_headers, placed
from topologies import features
from topologies.events import LABELS, ORDERS, Label, OrderCancelled
from topologies.features import KEPT, LATE, TRAINING_ROWS, TrainingRow
from topologies.spending import Features, Purchase, Spent, features_of

NOW = 1000 * DAY
LATER = NOW + LATE + MINUTE
"""Stream time at which a label of `NOW` has been answered for certain."""


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(features.topology) as running:
        yield running


def buy(driver: TopologyDriver, order_id: str, at: int, pence: int = 100, customer: str = "ada") -> None:
    """A customer orders."""
    driver.pipe(ORDERS, order_id, placed(order_id, pieces=1, pence=pence, customer=customer), at)


def ask(driver: TopologyDriver, at: int, arrives: int, customer: str = "ada") -> None:
    """A label as of `at` arrives."""
    driver.pipe(LABELS, customer, Label(customer, at, "refund", 1.0), arrives, event_headers(f"label-{at}"))


def rows(driver: TopologyDriver) -> list[TrainingRow]:
    """The rows of training since the last look."""
    return [record.value for record in driver.read(TRAINING_ROWS)]


def test_the_features_of_a_customer_as_of_a_time() -> None:
    """What is just so old as a span is not in it, what is of the time itself is in all of them."""
    made = [(0, 1), (HOUR - 1, 10), (HOUR, 100), (DAY - 1, 1000), (DAY, 10_000), (30 * DAY - 1, 100_000)]
    past = [Purchase(str(ago), NOW - ago, pence) for ago, pence in [*made, (30 * DAY, 1_000_000)]]
    assert features_of(past, NOW) == Features(Spent(2, 11, 0), Spent(4, 1111, 0), Spent(6, 111_111, 0))
    assert features_of(past[2:], NOW) == Features(Spent(), Spent(2, 1100, HOUR), Spent(4, 111_100, HOUR))
    assert features_of([], NOW) == Features()


def test_a_label_gets_the_features_as_of_its_time(driver: TopologyDriver) -> None:
    """Weeks later, when there have been other orders since; of its customer only."""
    buy(driver, "a", NOW - 2 * HOUR, 300)
    buy(driver, "b", NOW - MINUTE, 200)
    buy(driver, "c", NOW + 1, 5000)
    buy(driver, "d", NOW - MINUTE, 7000, customer="bob")
    ask(driver, NOW, NOW + 40 * DAY)
    (record,) = driver.read(TRAINING_ROWS)
    label = Label("ada", NOW, "refund", 1.0)
    expected = Features(Spent(1, 200, MINUTE), Spent(2, 500, MINUTE), Spent(2, 500, MINUTE))
    assert record.value == TrainingRow(label, expected)
    assert (record.key, record.timestamp) == ("ada", NOW + 40 * DAY)


def test_an_order_after_the_label_is_not_in_its_row(driver: TopologyDriver) -> None:
    """Not one of a ms later that came before the label, nor one that came while the label was waiting."""
    buy(driver, "before", NOW + 1)
    ask(driver, NOW, NOW + 2)
    buy(driver, "while", NOW + 3)
    assert rows(driver) == []
    buy(driver, "release", LATER)
    (row,) = rows(driver)
    assert row.features == Features()


def test_an_order_out_of_order_is_in_the_row_of_a_label_that_waits(driver: TopologyDriver) -> None:
    """It is older than the label, and came after it; the label's own time belongs to it."""
    ask(driver, NOW, NOW)
    buy(driver, "ahead", NOW + LATE - 1, 5000)
    buy(driver, "late", NOW - 1, 100)
    buy(driver, "equal", NOW, 10)
    assert rows(driver) == []
    driver.restart()
    buy(driver, "release", LATER)
    (row,) = rows(driver)
    assert row.features.hour == Spent(2, 110, 0)


def test_no_row_is_written_twice(driver: TopologyDriver) -> None:
    """A label that has been answered waits no more; each carries what its own label was caused by."""
    ask(driver, NOW, NOW)
    ask(driver, NOW + MINUTE, NOW + MINUTE)
    buy(driver, "release", LATER + MINUTE)
    records = driver.read(TRAINING_ROWS)
    assert [record.value.label.at for record in records] == [NOW, NOW + MINUTE]
    assert [dict(record.headers)["ce_correlationid"] for record in records] == [b"request"] * 2
    assert driver.table("waiting-labels") == {}
    buy(driver, "more", LATER + DAY)
    assert rows(driver) == []


def oracle(orders: Iterable[tuple[int, int]], label: int) -> list[tuple[int, int]]:
    """Orders and pence of each span, by plain comparison."""
    spans = (HOUR, DAY, 30 * DAY)
    chosen = [[pence for at, pence in orders if label - span < at <= label] for span in spans]
    return [(len(pence), sum(pence)) for pence in chosen]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_of_arrival_a_row_knows_what_was_before_it_and_nothing_else(seed: int) -> None:
    """Orders and labels up to `LATE` out of order: each row is the sum of its past, none has anything of its future."""
    random = Random(seed)
    times = [NOW + random.randrange(3 * HOUR) for _ in range(80)]
    orders = [(at, random.randrange(1, 10_000)) for at in times]
    labels = random.sample(times, 10) + [random.choice(times) + 1 for _ in range(5)]
    arriving = [(at + random.randrange(LATE - MINUTE), at, pence) for at, pence in orders]
    arriving += [(at + random.randrange(LATE - MINUTE), at, 0) for at in set(labels)]
    with TopologyDriver(features.topology) as driver:
        for number, (_, at, pence) in enumerate(sorted(arriving)):
            if pence:
                buy(driver, f"o-{number}", at, pence)
            else:
                ask(driver, at, at)
        buy(driver, "release", NOW + DAY, customer="bob")
        found = {row.label.at: row.features for row in rows(driver)}
    assert set(found) == set(labels)
    for at, made in found.items():
        assert [(spent.orders, spent.pence) for spent in (made.hour, made.day, made.month)] == oracle(orders, at)
    in_between = [at for at in found if oracle(orders, at) != oracle(orders, at + LATE)]
    assert in_between, "no label had an order right behind it: a leak would not have been seen"
    assert any(one[1] > two[1] for one, two in pairwise(sorted(arriving))), "nothing came out of order"


def test_an_order_that_comes_twice_is_one(driver: TopologyDriver) -> None:
    """Two orders of one ms are two."""
    for order_id in ("a", "a", "b"):
        buy(driver, order_id, NOW)
    ask(driver, NOW, LATER)
    assert [row.features.hour for row in rows(driver)] == [Spent(2, 200, 0)]


def test_a_label_from_before_what_is_kept_is_refused(driver: TopologyDriver) -> None:
    """A row that misses orders would be wrong: it goes to the dead letters, and says from when on labels are taken."""
    oldest = NOW - KEPT + 30 * DAY
    buy(driver, "a", oldest, 700)
    buy(driver, "now", NOW)
    ask(driver, oldest, NOW)
    ask(driver, oldest - 1, NOW)
    assert [row.features.hour for row in rows(driver)] == [Spent(1, 700, 0)]
    (letter,) = driver.dead_letters
    assert f"orders are kept for labels since {oldest} ms" in str(letter)


def test_the_first_days_of_the_epoch_are_days(driver: TopologyDriver) -> None:
    """Times near 0 release nothing early and reach back to nothing."""
    ask(driver, 0, 0)
    assert rows(driver) == []
    buy(driver, "a", 0)
    buy(driver, "release", LATE + MINUTE)
    assert [row.features.month for row in rows(driver)] == [Spent(1, 100, 0)]


def test_a_cancellation_is_no_order(driver: TopologyDriver) -> None:
    """Features are of what was ordered."""
    driver.pipe(ORDERS, "a", OrderCancelled("a"), NOW)
    assert driver.table("purchases") == {}
