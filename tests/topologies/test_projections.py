"""The topologies `orders-read-model` and `customer-dashboard`: what they say follows from the history alone."""

from __future__ import annotations

from streamapp.testing.driver import TopologyDriver
from tests.topologies.shop import PROJECTIONS, SAGA, Shop, placed
from topologies import customer_dashboard, orders_read_model
from topologies.customer_dashboard import Customer
from topologies.events import ORDER_HISTORY, HistoryEntry, OrderCancelled, OrderTransitionRefused, Source
from topologies.order import FINAL, replay
from topologies.orders_read_model import OrderView, Summary, of_customer
from topologies.shipping import MOST_PIECES


def busy() -> Shop:
    """A shop where four orders of two customers have ended in different ways."""
    shop = Shop((*SAGA, *PROJECTIONS), seed=3, doubles=0.2)
    for order in (
        placed("o-1"),
        placed("o-2", card="declined"),
        placed("o-3", pieces=MOST_PIECES + 1, pence=1),
        placed("o-4", customer="bob"),
    ):
        shop.place(order)
    shop.settle()
    shop.cancel("o-4")
    shop.cancel("o-9")
    shop.settle()
    return shop


def test_an_order_is_shown_as_its_history_says() -> None:
    """The same state, status and refusals; the list of a customer has all their orders and no other's."""
    with busy() as shop:
        views = shop.driver("orders-read-model").table("order-views")
        assert {key: view.status for key, view in views.items()} == {
            "o-1": "shipped",
            "o-2": "rejected",
            "o-3": "failed",
            "o-4": "shipped",
        }
        for order_id, view in views.items():
            entries = shop.values(ORDER_HISTORY.name, order_id)
            assert view.order == replay(entry.event for entry in entries)
            assert view.entries == len(entries)
        assert [refused.event for refused in views["o-4"].refused] == ["OrderCancelled"]
        lists = shop.driver("orders-read-model").table("orders-by-customer")
        assert sorted(lists) == [of_customer("ada", f"o-{number}") for number in (1, 2, 3)] + [
            of_customer("bob", "o-4")
        ]
        assert lists[of_customer("ada", "o-1")] == Summary("o-1", "ada", "shipped", 1000)


def test_a_customer_is_the_sum_of_their_orders() -> None:
    """Pence paid and given back, and how orders have ended."""
    with busy() as shop:
        rows = shop.driver("customer-dashboard").table("customers")
        ada, bob = rows["ada"], rows["bob"]
        assert (ada.orders, ada.captured, ada.refunded) == (3, 1000 + MOST_PIECES + 1, MOST_PIECES + 1)
        assert ada.ended == {"shipped": 1, "rejected": 1, "failed": 1}
        assert (bob.orders, bob.captured, bob.ended, bob.last_order) == (1, 1000, {"shipped": 1}, "o-4")
        assert set(rows) == {"ada", "bob"}
        assert set(ada.ended) <= set(FINAL)


def test_they_say_how_far_they_have_come() -> None:
    """The last record of each partition, also of one that was refused and of an order that is none."""
    with busy() as shop:
        passed = shop.driver("orders-read-model").table("passed")
        last = max(entry.source.offset for entry in shop.values(ORDER_HISTORY.name) if entry.source.topic == "orders")
        assert passed["orders/0"] == last
        rows = shop.driver("customer-dashboard").table("customers")
        assert rows["bob"].passed["orders/0"] == max(
            entry.source.offset for entry in shop.values(ORDER_HISTORY.name, "o-4") if entry.source.topic == "orders"
        )


def test_rebuilt_from_the_start_they_are_the_same() -> None:
    """The history is all they are made of."""
    with busy() as shop:
        for name, topology, tables in (
            ("orders-read-model", orders_read_model.topology, ("order-views", "orders-by-customer", "passed")),
            ("customer-dashboard", customer_dashboard.topology, ("customers",)),
        ):
            with TopologyDriver(topology) as again:
                for record in shop.topics[ORDER_HISTORY.name]:
                    again.pipe(ORDER_HISTORY, record.key, record.value, record.timestamp)
                assert {table: again.table(table) for table in tables} == {
                    table: shop.driver(name).table(table) for table in tables
                }


def test_an_entry_that_was_seen_changes_nothing() -> None:
    """Its number is what counts; the position moves on."""
    entry = HistoryEntry("o-1", "ada", 1, placed(), "placed", Source("orders", 2, 7))
    with TopologyDriver(orders_read_model.topology) as driver:
        driver.pipe(ORDER_HISTORY, "o-1", entry)
        driver.restart()
        driver.pipe(ORDER_HISTORY, "o-1", entry)
        assert driver.table("order-views") == {"o-1": OrderView(replay([placed()]), "placed", 1)}
        assert driver.table("passed") == {"orders/2": 7}


def test_a_cancellation_of_no_order_makes_no_customer() -> None:
    """It is passed all the same."""
    refused = OrderTransitionRefused("o-9", OrderCancelled.__name__, "unknown", "there is none")
    entry = HistoryEntry("o-9", "", 1, refused, "unknown", Source("orders", 0, 5))
    for topology, table in ((customer_dashboard.topology, "customers"), (orders_read_model.topology, "order-views")):
        with TopologyDriver(topology) as driver:
            driver.pipe(ORDER_HISTORY, "o-9", entry)
            assert driver.table(table) == {}
    assert Customer().orders == 0
