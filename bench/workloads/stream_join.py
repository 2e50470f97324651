"""W6: joins orders with their payments of up to five minutes before or after."""

from __future__ import annotations

from bench.workloads.topics import Topics
from bench.workloads.values import Order, PaidOrder, Payment
from streamapp import MINUTE, Topic, Topology, join_windows, stream


def paid(order: Order, payment: Payment) -> PaidOrder:
    """The order and its payment."""
    return PaidOrder(order.order_id, order.user_id, order.amount, payment.paid, payment.method)


def topology(name: str, topics: Topics) -> Topology:
    """One result for each order that was paid in time."""
    orders, payments = topics.inputs
    results = stream(Topic(orders, key=str, value=Order)).join(
        stream(Topic(payments, key=str, value=Payment)),
        paid,
        "paid-orders",
        within=join_windows(5 * MINUTE, grace=MINUTE),
    )
    return Topology(name, results.to(Topic(topics.output, key=str, value=PaidOrder)))
