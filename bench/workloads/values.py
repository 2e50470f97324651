"""What the records of the workloads hold, whole: every field is decoded, whatever a workload needs of it.

Knows nothing of topics.
"""

from __future__ import annotations

from msgspec import Struct

CACHE_BYTES = 10 * 1024 * 1024
"""The size of the record cache of W2c and W3c, for each task; Kafka Streams' default."""


class Event(Struct, frozen=True, gc=False):
    """Something a user did; `ts` in ms."""

    event_id: str
    user_id: str
    type: str
    amount: float
    important: bool
    ts: int
    country: str
    sku: str
    payload: str


class User(Struct, frozen=True, gc=False):
    """A row of the table of W5."""

    user_id: str
    name: str
    tier: int
    city: str
    since: int


class Enriched(Struct, frozen=True, gc=False):
    """An event and who did it."""

    event_id: str
    user_id: str
    type: str
    amount: float
    ts: int
    sku: str
    name: str
    tier: int
    city: str


class Order(Struct, frozen=True, gc=False):
    """The left side of W6; `ts` in ms."""

    order_id: str
    user_id: str
    amount: float
    ts: int
    payload: str


class Payment(Struct, frozen=True, gc=False):
    """The right side of W6; `ts` in ms."""

    payment_id: str
    order_id: str
    method: str
    paid: float
    ts: int
    payload: str


class PaidOrder(Struct, frozen=True, gc=False):
    """An order and its payment."""

    order_id: str
    user_id: str
    amount: float
    paid: float
    method: str


class Count(Struct, frozen=True, gc=False):
    """How many events a key has."""

    key: str
    count: int


class WindowCount(Struct, frozen=True, gc=False):
    """How many events a key has in a window; its bounds in ms."""

    key: str
    start: int
    end: int
    count: int
