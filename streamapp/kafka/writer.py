"""Records on their way to Kafka: put one by one, sent in batches, acknowledged together.

The bytes in flight are bounded; what a flush returns is written. Knows nothing of what is in a record or a transaction.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamapp.kafka.batches import BATCH_BYTES, Batch, BatchFiller, Compression
from streamapp.kafka.errors import RetriableKafkaError, TopicPartition
from streamapp.kafka.producer import BatchProducer

IN_FLIGHT_BYTES = 8 * 1024 * 1024
"""Uncompressed bytes handed over and not acknowledged: bounds memory, and how long one request takes to compress."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch on its way; `since` is monotonic."""

    at: TopicPartition
    future: asyncio.Future[Any]
    count: int
    size: int
    since: float


class BatchWriter(BatchFiller):
    """Writes through `producer`, one task at a time; `limits` gives `max.message.bytes` by topic.

    `put` fills, `pump` sends what is full, `flush` the rest, `discard` forgets.
    """

    def __init__(
        self,
        producer: BatchProducer,
        *,
        limits: Mapping[str, int],
        compression: Compression = "zstd",
        batch_bytes: int = BATCH_BYTES,
        in_flight_bytes: int = IN_FLIGHT_BYTES,
    ) -> None:
        super().__init__(limits, compression, batch_bytes, transactional=producer.transactional_id is not None)
        self._producer = producer
        self._in_flight_bytes = in_flight_bytes
        self._waiting: deque[tuple[TopicPartition, Batch]] = deque()
        self._sent: list[_Sent] = []
        self._in_flight = 0
        self._written: dict[TopicPartition, list[tuple[int, int]]] = {}
        self.stretches: Mapping[TopicPartition, Sequence[tuple[int, int]]] = {}
        """Of the last flush, by partition: first offset of each batch and the one after it, in the log's order."""
        self._found: set[TopicPartition] = set()
        self._lingers_since: float | None = None

    async def pump(self) -> None:
        """Hands full batches to the producer; waits while too many bytes are in flight.

        Raises what `flush` raises as soon as it is known.
        """
        self._waiting.extend(self.take_full())
        await self._send_waiting()

    async def linger(self, seconds: float, now: float) -> None:
        """Sends what has waited for `seconds` since it was seen here first; `now` is monotonic. Raises as `pump`."""
        if not self.has_open:
            self._lingers_since = None
            return
        since = self._lingers_since = now if self._lingers_since is None else self._lingers_since
        if now - since >= seconds:
            self._lingers_since = None
            self._waiting.extend(self.take_all())
            await self._send_waiting()

    async def flush(self) -> dict[TopicPartition, int]:
        """Sends everything and returns when all of it is acknowledged.

        Gives, for each partition written to since the last flush, the offset after its last record. Raises
        `RecordRefusedError`, `DeliveryTimeoutError`, `FencedError` or another `RetriableKafkaError` when any batch
        was not written: then all that was put since the last flush must be discarded and put again.
        """
        self._waiting.extend(self.take_all())
        await self._send_waiting()
        while self._sent:
            await self._progress(asyncio.FIRST_EXCEPTION)
        self.stretches = {at: sorted(written) for at, written in self._written.items()}
        self._written = {}
        return {at: written[-1][1] for at, written in self.stretches.items()}

    def discard(self) -> None:
        """Forgets everything that was put since the last flush; what is in flight may still be written."""
        self.forget()
        self._waiting.clear()
        self._sent = []
        self._in_flight = 0
        self._written = {}

    async def _send_waiting(self) -> None:
        await self._settle()
        while self._waiting:
            at, batch = self._waiting[0]
            if at not in self._found:
                await self._producer.find(at)
                self._found.add(at)
            while self._in_flight >= self._in_flight_bytes:
                await self._progress(asyncio.FIRST_COMPLETED)
            size = batch.size()
            future = self._producer.send(batch, at)
            self._waiting.popleft()
            self._sent.append(_Sent(at, future, batch.count, size, time.monotonic()))
            self._in_flight += size

    async def _progress(self, until: str) -> None:
        """Waits until a batch, or all, are acknowledged; raises when one failed or the oldest took too long."""
        oldest = next((sent for sent in self._sent if not sent.future.done()), None)
        if oldest is not None:
            left = oldest.since + self._producer.delivery_timeout - time.monotonic()
            if left <= 0:
                raise self._producer.give_up(oldest.at, oldest.since)
            await asyncio.wait([sent.future for sent in self._sent], timeout=left, return_when=until)
        await self._settle()

    async def _settle(self) -> None:
        """Takes note of what is acknowledged; raises for the first batch that was not written."""
        for sent in self._sent:
            if not sent.future.done():
                continue
            error = sent.future.exception()
            if error is not None:
                raise await self._producer.explain(error, sent.at) from error
            base = self._base(sent)
            self._written.setdefault(sent.at, []).append((base, base + sent.count))
        self._sent = [sent for sent in self._sent if not sent.future.done()]
        self._in_flight = sum(sent.size for sent in self._sent)

    def _base(self, sent: _Sent) -> int:
        base: int = sent.future.result().offset
        if base < 0:
            raise RetriableKafkaError(
                f"topic {sent.at[0]!r} partition {sent.at[1]}: the broker knows these records but not their offset"
            )
        return base
