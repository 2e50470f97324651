"""Writes to the customer of each payment: payments joined with the orders they are for.

A payment must find its order. Both topics are keyed by order id, so one task reads both, and it takes the record with
the lowest timestamp first. A payment has the timestamp of its order, and where timestamps are equal the topic that is
named first here wins: the orders. The payment may still be fetched a moment before the order; then the task has
no order to compare with and waits up to `max_task_idle_ms` for one. The payment was made from the order, so the order
is in Kafka already and the next fetch brings it.
"""

from __future__ import annotations

from streamapp import SECOND, Topology, stream, table
from topologies.events import EMAILS, ORDERS, PAYMENTS, Email, OrderPlaced, Payment, PaymentCaptured

orders = table(ORDERS, "orders-by-id")


def write(payment: Payment, order: OrderPlaced) -> Email:
    """What the customer is told."""
    amount = f"{payment.pence // 100}.{payment.pence % 100:02}"
    if isinstance(payment, PaymentCaptured):
        subject, text = "Thank you for your order", f"We have received {amount} for {len(order.lines)} articles."
    else:
        subject, text = "Your payment failed", f"We could not collect {amount}: {payment.reason}."
    return Email(order.order_id, order.customer_id, subject, text)


topology = Topology("email", stream(PAYMENTS).join(orders, write).to(EMAILS), max_task_idle_ms=1 * SECOND)
