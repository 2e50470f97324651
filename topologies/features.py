"""A feature pipeline: how often, for how much and how long ago a customer has ordered, as of any time.

One pure function makes the features, online as of now and for training as of a label's time: so a model is asked what
it has learnt. A label waits until orders that come out of order are there; what is after its time is never in its row.
"""

from __future__ import annotations

from msgspec import Struct

from streamapp import (
    DAY,
    MINUTE,
    Processor,
    ProcessorContext,
    Record,
    Topic,
    Topology,
    key_value_store,
    stream,
    window_store,
)
from topologies.events import LABELS, ORDERS, Label, OrderEvent, OrderPlaced
from topologies.spending import SPANS, Features, Purchase, features_of

Told = OrderPlaced | Label

LATE = 5 * MINUTE
"""An order may come so much (ms of stream time) out of order and is in the rows of training all the same."""

KEPT = 400 * DAY
"""How long (ms) orders are kept: longer than it takes until a label comes."""


class TrainingRow(Struct, frozen=True):
    """A label, and the features as of its time."""

    label: Label
    features: Features


class Waiting(Struct, frozen=True):
    """A label whose time is not over, with the headers that tell what caused it."""

    label: Label
    headers: tuple[tuple[str, bytes | None], ...]


TRAINING_ROWS = Topic("training-rows", key=str, value=TrainingRow)

PURCHASES = window_store("purchases", key=str, value=tuple[Purchase, ...], size=1, retention=KEPT)
WAITING = key_value_store("waiting-labels", key=str, value=Waiting)


class FeatureStore(Processor[str, Told, str, TrainingRow]):
    """Keeps the orders of each customer by time, and answers labels as of theirs."""

    def init(self, context: ProcessorContext[str, TrainingRow]) -> None:
        """Finds its stores."""
        self._context = context
        self._purchases, self._waiting = context.store(PURCHASES), context.store(WAITING)
        context.schedule(MINUTE, "stream_time", self._answer)

    def process(self, record: Record[str, Told]) -> None:
        """Takes an order, once by its id, or a label; one from before what is kept fails, rather than be wrong."""
        if isinstance(record.value, Label):
            self._ask(record.value, record)
            return
        purchase = Purchase(record.value.order_id, record.timestamp, record.value.pence)
        same = self._purchases.get(record.key, purchase.at) or ()
        if all(known.order_id != purchase.order_id for known in same):
            self._purchases.put(record.key, purchase.at, (*same, purchase))

    def _ask(self, label: Label, record: Record[str, Told]) -> None:
        oldest = max(self._context.stream_time - KEPT + SPANS["month"], 0)
        if label.at < oldest:
            raise ValueError(f"label {label.name!r} is of {label.at} ms: orders are kept for labels since {oldest} ms")
        if label.at + LATE <= self._context.stream_time:
            self._write(Waiting(label, record.headers), record.timestamp)
        else:
            self._waiting.put(f"{label.at:015}\t{record.key}\t{label.name}", Waiting(label, record.headers))

    def _answer(self, time: int) -> None:
        for key, waiting in self._waiting.range(end=f"{time - LATE + 1:015}"):
            self._waiting.delete(key)
            self._write(waiting, time)

    def _write(self, waiting: Waiting, time: int) -> None:
        label = waiting.label
        found = self._purchases.fetch(label.customer_id, label.at - SPANS["month"] + 1, label.at)
        features = features_of((purchase for _, same in found for purchase in same), label.at)
        self._context.forward(Record(label.customer_id, TrainingRow(label, features), time, waiting.headers))


def told(event: OrderEvent | Label) -> tuple[Told, ...]:
    """What features are made of or asked for by; a cancellation is neither."""
    return (event,) if isinstance(event, Told) else ()


def customer(event: Told) -> str:
    """Whom it is about."""
    return event.customer_id


by_customer = (
    stream(ORDERS)
    .flat_map_values(told)
    .merge(stream(LABELS).flat_map_values(told))
    .select_key(customer)
    .repartition("by-customer")
)
rows = by_customer.process(FeatureStore, "feature-store", stores=[PURCHASES, WAITING])

topology = Topology("features", rows.to(TRAINING_ROWS))
