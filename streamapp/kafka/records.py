"""Record batches as they come from the log: which of them a reader may see, and their records as rows.

Whole batches are handed on, and decoded when somebody asks for their rows. Knows nothing of how they are fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException

from streamapp.kafka.errors import CorruptRecordError, TopicPartition

Row: TypeAlias = tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]
"""A record: offset, timestamp (ms), key, value, headers."""

Made = TypeVar("Made")


class Fetched:
    """What one fetch brought of one partition: the records from `start` up to `next`.

    `next` is where the partition goes on: behind the last record, and behind transaction markers, aborted
    transactions and what compaction removed. `end` is where the log ended for this reader when it was fetched.
    """

    __slots__ = ("_at", "_batches", "_rows", "end", "next", "start")

    def __init__(
        self, at: TopicPartition, start: int, next_offset: int, end: int | None, batches: Sequence[Any]
    ) -> None:
        self.start = start
        self.next = next_offset
        self.end = end
        self._at = at
        self._batches = batches
        self._rows: list[Row] | None = None

    def rows(self) -> list[Row]:
        """The records in the log's order, decoded on the first call; may be none.

        Raises `CorruptRecordError` for a batch whose checksum holds and whose records do not.
        """
        if self._rows is None:
            try:
                self._rows = _rows_of(self._batches, self.start)
            except Exception as error:
                raise self._undecodable(error) from error
            self._batches = ()
        return self._rows

    def parts(self) -> Iterator[Fetched]:
        """The same, batch by batch: what is decoded in one go takes some milliseconds each."""
        for batch in self._batches[:-1]:
            yield Fetched(self._at, max(self.start, batch.base_offset), batch.next_offset, self.end, (batch,))
        rest = self._batches[-1:]
        start = max([self.start, *(batch.base_offset for batch in rest)])
        yield Fetched(self._at, start, self.next, self.end, rest)

    def newest(self, before: int, make: Callable[[bytes | None, int], Made]) -> tuple[dict[bytes, Made], int]:
        """What `make(value, timestamp)` gives of the last record of each key before an offset, and how many there are.

        For logs of which only that counts; takes a part of the time of `rows`. Records without a key are left out.
        Raises as `rows` does.
        """
        found: dict[bytes, Made] = {}
        count = 0
        try:
            for batch in self._batches:
                records = list(batch)
                if batch.base_offset < self.start or batch.next_offset > before:
                    records = [record for record in records if self.start <= record.offset < before]
                count += len(records)
                found |= {record.key: make(record.value, record.timestamp) for record in records}
        except Exception as error:
            raise self._undecodable(error) from error
        found.pop(None, None)  # type: ignore[call-overload]  # it is a key like any other here
        return found, count

    def _undecodable(self, error: Exception) -> CorruptRecordError:
        return CorruptRecordError(
            f"topic {self._at[0]!r} partition {self._at[1]}: records between offsets {self.start} and "
            f"{self.next} cannot be decoded ({error!r}): restore the topic, or commit an offset behind them"
        )

    def __repr__(self) -> str:
        return f"Fetched({self._at[0]!r}, {self._at[1]}, {self.start} to {self.next}, end={self.end})"


def visible_batches(records: PartitionRecords) -> list[Any]:
    """The batches a reader may see of what was fetched, with its isolation level; moves `next_fetch_offset` past all.

    The rules are those of `PartitionRecords._unpack_records`: checksums first, then no control batches, and with
    read_committed none of an aborted transaction. Stops before a batch that fails its checksum; raises
    `CorruptRecordException` when that is the first.
    """
    records._records_iterator = None  # a cycle: it would keep the megabytes that were fetched until a collection
    visible: list[Any] = []
    start = records.next_fetch_offset
    committed_only = records._isolation_level == READ_COMMITTED
    source = records._records
    while source.has_next():
        batch = source.next_batch()
        if records._check_crcs and not batch.validate_crc():
            if records.next_fetch_offset > start:
                return visible  # the rest is fetched again, and fails again if it is still damaged
            raise CorruptRecordException(f"Invalid CRC - {records._tp}")
        if not (committed_only and _aborted(records, batch)) and not batch.is_control_batch:
            visible.append(batch)
        records.next_fetch_offset = batch.next_offset
    return visible


def _aborted(records: PartitionRecords, batch: Any) -> bool:
    """Whether a batch belongs to an aborted transaction; keeps track of where such transactions begin and end."""
    if batch.producer_id is None:
        return False
    records._consume_aborted_up_to(batch.base_offset)
    aborted = records._aborted_producers
    if batch.is_control_batch and records._contains_abort_marker(batch):
        aborted.discard(batch.producer_id)
    return batch.is_transactional and batch.producer_id in aborted


def _rows_of(batches: Sequence[Any], start: int) -> list[Row]:
    """Decodes batches; a fetch returns the whole batch that `start` lies in, of which what is before it is dropped."""
    rows: list[Row] = []
    for batch in batches:
        found = [(record.offset, record.timestamp, record.key, record.value, tuple(record.headers)) for record in batch]
        if found and found[0][0] < start:
            found = [row for row in found if row[0] >= start]
        rows += found
    return rows
