"""Suspects fraud: a customer orders too fast, too dear, by too many cards or from too many countries.

The rules are rows of a compacted topic that every process has: a new one holds from the next order on, without a
restart. An order that comes late is judged by those before it, and counts for those after it. An alert carries the
orders that caused it.
"""

from __future__ import annotations

from streamapp import Record, Topology, ValueContext, ValueProcessor, global_table, key_value_store, stream
from topologies.events import (
    FRAUD_ALERTS,
    FRAUD_RULES,
    ORDERS,
    Attempt,
    FraudSuspected,
    OrderEvent,
    OrderPlaced,
)
from topologies.suspicion import CHECKS, DEFAULTS, in_time, remembered

ATTEMPTS = key_value_store("attempts", key=str, value=tuple[Attempt, ...])


class Detective(ValueProcessor[str, OrderPlaced, FraudSuspected]):
    """Judges each order by the rules as they are at this moment."""

    def init(self, context: ValueContext[FraudSuspected]) -> None:
        """Finds its store."""
        self._context, self._attempts = context, context.store(ATTEMPTS)

    def process(self, record: Record[str, OrderPlaced]) -> None:
        """Takes one order; one that came before is not judged again."""
        order, before = record.value, self._attempts.get(record.key) or ()
        if any(known.order_id == order.order_id for known in before):
            return
        event = (dict(record.headers).get("ce_id") or b"").decode()
        now = Attempt(order.order_id, record.timestamp, order.pence, order.country, order.card, event)
        for name, check in CHECKS.items():
            rule = self._context.row(rules, name) or DEFAULTS[name]
            causes = check(rule, in_time(rule, before, now)) if rule.on else ()
            if causes:
                self._context.forward(FraudSuspected(order.order_id, order.customer_id, name, rule, causes))
        self._attempts.put(record.key, remembered(before, now))


def placed(event: OrderEvent) -> tuple[OrderPlaced, ...]:
    """The event, if it is an order."""
    return (event,) if isinstance(event, OrderPlaced) else ()


def customer(order: OrderPlaced) -> str:
    """Who has ordered."""
    return order.customer_id


rules = global_table(FRAUD_RULES, "rules")

orders = stream(ORDERS).flat_map_values(placed).select_key(customer).repartition("by-customer")

topology = Topology("fraud", orders.process_values(Detective, "detective", stores=[ATTEMPTS, rules]).to(FRAUD_ALERTS))
