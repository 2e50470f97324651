"""Records become record batches, one open batch for each partition, closed when it is full.

A batch is what Kafka stores, compresses, checks and acknowledges as a whole. Knows nothing of how batches are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

from streamapp.kafka.errors import RecordTooLargeError, TopicPartition

Header: TypeAlias = tuple[str, bytes | None]

Compression = Literal["none", "zstd"]

BATCH_BYTES = 512 * 1024
"""Uncompressed size at which a batch is full; half and twice of it were no faster."""

DEFAULT_LIMIT = 1_048_588
"""Kafka's default of `max.message.bytes`."""

_CODECS: Mapping[Compression, int] = {"none": DefaultRecordBatch.CODEC_NONE, "zstd": DefaultRecordBatch.CODEC_ZSTD}

_NO_HEADERS: list[Header] = []


class Batch(BatchBuilder):
    """Records of one partition in Kafka's layout; the producer's id and sequence number are set when it is sent.

    `append(number, timestamp, key, value, headers)` is the encoder itself, which is in C: it gives None when the
    record does not fit, and always takes the first.
    """

    def __init__(self, size: int, compression: Compression, *, transactional: bool) -> None:
        super().__init__(size, _CODECS[compression], is_transactional=transactional)
        self.append: Any = self._builder.append
        self.count = 0

    def record_count(self) -> int:
        """How many records are in it."""
        return self.count

    def close(self) -> None:
        """No record can be added from now on."""
        super().close()
        self.append = None


class BatchFiller:
    """Fills batches; `limits` gives the largest record batch in bytes each topic accepts (`max.message.bytes`)."""

    def __init__(
        self, limits: Mapping[str, int], compression: Compression, batch_bytes: int, *, transactional: bool
    ) -> None:
        self._limits = limits
        self._compression: Compression = compression
        self._batch_bytes = batch_bytes
        self._transactional = transactional
        self._open: dict[TopicPartition, Batch] = {}
        self._full: list[tuple[TopicPartition, Batch]] = []

    def put(
        self,
        topic: str,
        partition: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header],
    ) -> None:
        """Adds a record behind those of its partition; sends nothing. `timestamp` in ms.

        Raises `RecordTooLargeError` for a record that its topic would refuse; nothing is added then.
        """
        batch = self._open.get((topic, partition))
        fields = list(headers) if headers else _NO_HEADERS
        if batch is None or batch.append(batch.count, timestamp, key, value, fields) is None:
            batch = self._next((topic, partition), timestamp, key, value, fields)
        batch.count += 1

    def _next(
        self, at: TopicPartition, timestamp: int, key: bytes | None, value: bytes | None, headers: list[Header]
    ) -> Batch:
        """A new batch that holds this record, in place of the one it did not fit into."""
        limit = self._limits.get(at[0], DEFAULT_LIMIT)
        batch = Batch(min(self._batch_bytes, limit), self._compression, transactional=self._transactional)
        batch.append(0, timestamp, key, value, headers)
        if batch.size() > limit:
            raise RecordTooLargeError(
                f"a record for topic {at[0]!r} takes {batch.size()} bytes, the topic accepts {limit}: make the record "
                "smaller, or raise the topic's max.message.bytes"
            )
        self._close(at)
        self._open[at] = batch
        return batch

    def _close(self, at: TopicPartition) -> None:
        batch = self._open.pop(at, None)
        if batch is not None:
            batch.close()
            self._full.append((at, batch))

    def take_full(self) -> list[tuple[TopicPartition, Batch]]:
        """Takes the batches that are full, in the order of their partitions' records."""
        full, self._full = self._full, []
        return full

    def take_all(self) -> list[tuple[TopicPartition, Batch]]:
        """Takes every batch that holds a record, full or not, in the order of their partitions' records."""
        for at in list(self._open):
            self._close(at)
        return self.take_full()

    @property
    def has_open(self) -> bool:
        """Whether a record waits in a batch that is not full."""
        return bool(self._open)

    def forget(self) -> None:
        """Drops everything that was not taken."""
        self._open.clear()
        self._full.clear()
