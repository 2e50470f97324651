"""The made-up public: the same for the same seed, and such that every topology has something to do."""

from __future__ import annotations

from collections import Counter

import msgspec

from topologies.billing import LIMIT_PENCE, charge
from topologies.events import Activity, PaymentCaptured, PaymentFailed, StockReserved
from topologies.important import is_important
from topologies.services.checkout import Checkout, order_of
from topologies.services.shoppers import COUNTRIES, Shoppers, invoice


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
