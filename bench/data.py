"""The input of the workloads: records that are the same on every run, but for the hour they are of.

Each partition is in the order it was made, with at most two seconds of disorder. Knows nothing of systems.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TypeAlias

from streamapp.kafka import Admin, BatchProducer, BatchWriter, Partitioner

Row: TypeAlias = tuple[str, int, bytes, bytes]
"""Topic, timestamp (ms), key, value."""

USERS = 10_000
USERS_TOPIC = "users"
SKUS = 1_000
SPAN = 3_600_000
"""How much event time (ms) the data covers."""
DISORDER = 2_000
LATEST = 300_000
"""How long (ms) after its order a payment is still joined."""
_TYPES = ("view", "click", "cart", "order", "payment", "refund")
_COUNTRIES = ("DE", "FR", "US", "GB", "IN", "BR", "JP", "NL", "SE", "PL")
_PADDING = "the quick brown fox jumps over the lazy dog 0123456789 " * 200
_SLICE = 5_000


@dataclass(frozen=True, slots=True)
class Dataset:
    """So many records of `events`, or of `orders` and payments, in so many partitions.

    Users are drawn with weight 1 / rank ** `skew`; `padding` is the least length of the filler in an event, of
    about 186 bytes when it is 20.
    """

    kind: str
    n: int
    keys: int = USERS
    skew: float = 0.8
    partitions: int = 4
    padding: int = 20

    @property
    def topics(self) -> tuple[str, ...]:
        """Where it is."""
        if self.kind == "users":
            return (USERS_TOPIC,)
        name = f"{self.kind}-{self.n}-{self.keys}-{self.skew:g}-{self.partitions}-{self.padding}"
        return (f"{name}-orders", f"{name}-payments") if self.kind == "orders" else (name,)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A dataset that is on the broker, and how many outputs each workload must give; none: not fixed."""

    dataset: Dataset
    outputs: dict[str, int]


async def load(admin: Admin, bootstrap: str, dataset: Dataset) -> Loaded:
    """Writes a dataset, and makes its topics; timestamps begin two hours ago."""
    base = (int(time.time()) - 7_200) * 1_000
    outputs: dict[str, int] = {}
    makers = {"events": events, "orders": orders, "users": users}
    for topic in dataset.topics:
        await admin.create(topic, dataset.partitions, {"retention.ms": "-1"}, 1)
    await write(bootstrap, dataset.topics, dataset.partitions, makers[dataset.kind](dataset, base, outputs))
    return Loaded(dataset, outputs)


async def write(bootstrap: str, topics: Sequence[str], partitions: int, rows: Iterator[Row]) -> None:
    """Writes records to topics that are there, by the hash of their keys."""
    partitioner = Partitioner(partitions)
    producer = BatchProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        writer = BatchWriter(producer, limits=dict.fromkeys(topics, 1_048_588), compression="none")
        while part := list(islice(rows, _SLICE)):
            for topic, timestamp, key, value in part:
                writer.put(topic, partitioner(key), timestamp, key, value, ())
            await writer.pump()
        await writer.flush()
    finally:
        await producer.stop()


def events(dataset: Dataset, base: int, outputs: dict[str, int]) -> Iterator[Row]:
    """What users do; fills `outputs` when it is through."""
    (topic,) = dataset.topics
    rng = random.Random(7)  # noqa: S311  # data, not secrets
    weights = list(accumulate((rank + 1) ** -dataset.skew for rank in range(dataset.keys)))
    important = 0
    for start in range(0, dataset.n, _SLICE):
        for at, user in enumerate(rng.choices(range(dataset.keys), cum_weights=weights, k=_SLICE), start):
            if at == dataset.n:
                break
            bits = rng.getrandbits(64)
            important += bits & 1
            timestamp = base + at * SPAN // dataset.n - (bits >> 1) % DISORDER
            yield topic, timestamp, b"u%06d" % user, _event(at, user, bits, timestamp, dataset.padding)
    outputs |= {"W1": important, **dict.fromkeys(("W2", "W3", "W4", "W5"), dataset.n)}


def _event(at: int, user: int, bits: int, timestamp: int, padding: int) -> bytes:
    return (
        f'{{"event_id":"e{at:09d}","user_id":"u{user:06d}","type":"{_TYPES[(bits >> 12) % 6]}",'
        f'"amount":{(bits >> 15) % 100_000 / 100:.2f},"important":{"true" if bits & 1 else "false"},'
        f'"ts":{timestamp},"country":"{_COUNTRIES[(bits >> 32) % 10]}","sku":"sku{(bits >> 36) % SKUS:04d}",'
        f'"payload":"{_PADDING[: padding + (bits >> 47) % 20]}"}}'
    ).encode()


def users(dataset: Dataset, base: int, outputs: dict[str, int]) -> Iterator[Row]:
    """A row for every user, older than every event."""
    (topic,) = dataset.topics
    for user in range(dataset.n):
        value = (
            f'{{"user_id":"u{user:06d}","name":"User {user}","tier":{user % 4},"city":"city{user % 97}",'
            f'"since":{1990 + user % 35}}}'
        )
        yield topic, base - 600_000 + user, b"u%06d" % user, value.encode()


def orders(dataset: Dataset, base: int, outputs: dict[str, int]) -> Iterator[Row]:
    """Half orders, half payments up to eight minutes later, each topic in the order of time."""
    rng = random.Random(11)  # noqa: S311  # data, not secrets
    half = dataset.n // 2
    delays = [rng.randrange(480_000) for _ in range(half)]
    outputs["W6"] = sum(delay <= LATEST for delay in delays)
    placed = [base + at * SPAN // half for at in range(half)]
    to_orders, to_payments = dataset.topics
    for at, timestamp in enumerate(placed):
        value = (
            f'{{"order_id":"o{at:08d}","user_id":"u{at * 7919 % USERS:06d}","amount":{at % 100_000 / 100:.2f},'
            f'"ts":{timestamp},"payload":"{_PADDING[:40]}"}}'
        )
        yield to_orders, timestamp, b"o%08d" % at, value.encode()
    for timestamp, at in sorted((placed[at] + delays[at], at) for at in range(half)):
        value = (
            f'{{"payment_id":"p{at:08d}","order_id":"o{at:08d}","method":"card","paid":{at % 100_000 / 100:.2f},'
            f'"ts":{timestamp},"payload":"{_PADDING[:40]}"}}'
        )
        yield to_payments, timestamp, b"o%08d" % at, value.encode()
