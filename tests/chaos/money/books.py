"""What the topics and tables say at the end, and whether it agrees: to the penny, the piece, the order and the letter.

An event is counted once by its id, since copies were put on the topics on purpose. Knows nothing of how it was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topologies.customer_dashboard import Customer
from topologies.events import (
    HistoryEntry,
    OrderFact,
    OrderPlaced,
    OrderShipped,
    OrderTransitionRefused,
    PaymentCaptured,
    PaymentRefunded,
    StockDelivered,
)
from topologies.order import FINAL
from topologies.orders_read_model import OrderView
from topologies.shelf import Shelf

Events = Mapping[str, Any]
"""Values by event id."""


@dataclass(frozen=True)
class Books:
    """Everything there is to compare; `letters` are the Message-IDs the mail server got, with how often."""

    orders: Mapping[str, OrderPlaced]
    deliveries: Sequence[StockDelivered]
    payments: Events
    shipments: Events
    emails: Events
    history: Sequence[HistoryEntry]
    shelves: Mapping[str, Shelf]
    views: Mapping[str, OrderView]
    customers: Mapping[str, Customer]
    letters: Mapping[str, int] = field(default_factory=dict)

    @property
    def statuses(self) -> dict[str, str]:
        """What each order is in the end."""
        return {entry.order_id: entry.status for entry in sorted(self.history, key=lambda entry: entry.number)}

    @property
    def captured(self) -> int:
        """Pence."""
        return _pence(self.payments, PaymentCaptured)

    @property
    def refunded(self) -> int:
        """Pence."""
        return _pence(self.payments, PaymentRefunded)

    @property
    def shipped(self) -> list[OrderPlaced]:
        """The orders whose parcels went."""
        gone = {event.order_id for event in self.shipments.values() if isinstance(event, OrderShipped)}
        return [order for order_id, order in self.orders.items() if order_id in gone]

    @property
    def sent_again(self) -> int:
        """Letters that went out more than once, under the same Message-ID."""
        return sum(count - 1 for count in self.letters.values())

    @property
    def summary(self) -> dict[str, Any]:
        """The figures."""
        refused = Counter(
            entry.event.event for entry in self.history if isinstance(entry.event, OrderTransitionRefused)
        )
        return {
            "orders": len(self.orders),
            "statuses": dict(sorted(Counter(self.statuses.values()).items())),
            "captured": self.captured,
            "refunded": self.refunded,
            "shipped_pence": sum(order.pence for order in self.shipped),
            "letters": len(self.letters),
            "sent_again": self.sent_again,
            "refused": dict(sorted(refused.items())),
        }

    def problems(self) -> list[str]:
        """What does not agree."""
        return [*self._of_orders(), *self._of_money(), *self._of_stock(), *self._of_letters(), *self._of_projections()]

    def _of_orders(self) -> Iterator[str]:
        statuses = self.statuses
        for order_id in self.orders:
            if statuses.get(order_id) not in FINAL:
                yield f"order {order_id} is {statuses.get(order_id, 'unknown')} in the end"
        shipped = {order.order_id for order in self.shipped}
        wrong = shipped ^ {order_id for order_id, status in statuses.items() if status == "shipped"}
        if wrong:
            yield f"{len(wrong)} orders are shipped by shipping or by their history alone: {sorted(wrong)[:3]}"
        numbers = Counter((entry.order_id, entry.number) for entry in self.history)
        if doubled := [place for place, count in numbers.items() if count > 1]:
            yield f"{len(doubled)} entries of histories are there twice: {doubled[:3]}"

    def _of_money(self) -> Iterator[str]:
        wanted = sum(order.pence for order in self.shipped)
        if self.captured - self.refunded != wanted:
            yield f"captured {self.captured} - refunded {self.refunded} is not {wanted}, the pence of what was shipped"
        effects = (*self.payments.values(), *self.shipments.values())
        done = Counter((event.order_id, type(event).__name__) for event in effects)
        if doubled := [effect for effect, count in done.items() if count > 1]:
            yield f"{len(doubled)} effects were done more than once: {doubled[:3]}"

    def _of_stock(self) -> Iterator[str]:
        delivered, gone = Counter[str](), Counter[str]()
        for delivery in self.deliveries:
            delivered[f"{delivery.country}/{delivery.sku}"] += delivery.pieces
        for order in self.shipped:
            for line in order.lines:
                gone[f"{order.country}/{line.sku}"] += line.quantity
        for key, pieces in delivered.items():
            wanted = Shelf(free=pieces - gone[key], shipped=gone[key])
            if self.shelves.get(key) != wanted:
                yield f"shelf {key} is {self.shelves.get(key)}, not {wanted}"

    def _of_letters(self) -> Iterator[str]:
        written = Counter(email.order_id for email in self.emails.values())
        if wrong := [order_id for order_id in self.orders if written[order_id] != 1]:
            yield f"{len(wrong)} orders have not exactly one letter written: {wrong[:3]}"
        lost = {email.message_id for email in self.emails.values()} - set(self.letters)
        if lost:
            yield f"{len(lost)} letters have not reached the mail server: {sorted(lost)[:3]}"

    def _of_projections(self) -> Iterator[str]:
        statuses = self.statuses
        if wrong := [
            key for key in self.orders if key not in self.views or self.views[key].status != statuses.get(key)
        ]:
            yield f"{len(wrong)} orders are shown as something else than their history says: {wrong[:3]}"
        sums = [
            sum(getattr(row, name) for row in self.customers.values()) for name in ("orders", "captured", "refunded")
        ]
        if sums != [len(self.orders), self.captured, self.refunded]:
            yield f"the customers' orders, pence captured and refunded add up to {sums}"


def _pence(events: Events, kind: type[OrderFact]) -> int:
    return sum(event.pence for event in events.values() if isinstance(event, kind))
