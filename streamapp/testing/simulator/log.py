"""The log of one partition: records with offsets, transactions and their markers, compaction and deletion.

Follows Kafka: a marker takes an offset and is no record; readers of committed records see nothing from the first
open transaction on (the last stable offset), and nothing of aborted ones. Knows nothing of who writes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from streamapp.kafka.interfaces import Row

Written = tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]
"""A record on its way into a log: timestamp (ms), key, value, headers."""


class Transaction:
    """One transaction of one producer; compared by identity."""

    __slots__ = ()


class RangeError(Exception):
    """An offset that is to be read is not there: the first and the last that are."""


class PartitionLog:
    """One partition."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self._offsets: list[int] = []
        self._rows: list[Row] = []
        self._of: list[Transaction | None] = []
        self._open: dict[Transaction, int] = {}
        self._aborted: set[Transaction] = set()

    @property
    def stable(self) -> int:
        """The last stable offset: nothing from here on is seen by readers of committed records."""
        return min(self._open.values(), default=self.end)

    def append(self, records: Sequence[Written], transaction: Transaction | None = None) -> int:
        """Writes records behind all others; gives the offset of the first."""
        base = self.end
        if transaction is not None:
            self._open.setdefault(transaction, base)
        for timestamp, key, value, headers in records:
            self._offsets.append(self.end)
            self._rows.append((self.end, timestamp, key, value, headers))
            self._of.append(transaction)
            self.end += 1
        return base

    def mark(self, transaction: Transaction, committed: bool) -> None:
        """Writes the marker that ends a transaction here."""
        self._open.pop(transaction, None)
        if not committed:
            self._aborted.add(transaction)
        self.end += 1

    def read(self, position: int, limit: int, *, committed: bool = True) -> tuple[list[Row], int]:
        """At most `limit` records from `position` on, and where to go on; raises `RangeError`."""
        if not self.start <= position <= self.end:
            raise RangeError(self.start, self.end)
        bound = self.stable if committed else self.end
        rows: list[Row] = []
        for index in range(bisect_left(self._offsets, position), len(self._offsets)):
            if self._offsets[index] >= bound:
                break
            if len(rows) == limit:
                return rows, self._offsets[index]
            if not (committed and self._of[index] in self._aborted):
                rows.append(self._rows[index])
        return rows, max(position, bound)

    def all(self) -> list[Row]:
        """Everything a reader of committed records sees."""
        return self.read(self.start, self.end + 1)[0]

    def compact(self, before: int) -> None:
        """Keeps the last record of each key before an offset, and of aborted transactions nothing."""
        before = min(before, self.stable)
        last = {
            self._rows[index][2]: index
            for index in range(bisect_left(self._offsets, before))
            if self._of[index] not in self._aborted
        }
        self._keep(
            [index for index, at in enumerate(self._offsets) if at >= before or last.get(self._key(index)) == index]
        )

    def delete_before(self, offset: int) -> None:
        """Deletes the records before an offset."""
        self.start = max(self.start, min(offset, self.end))
        self._keep(list(range(bisect_left(self._offsets, self.start), len(self._offsets))))

    def _key(self, index: int) -> bytes | None:
        return self._rows[index][2]

    def _keep(self, kept: list[int]) -> None:
        self._offsets = [self._offsets[index] for index in kept]
        self._rows = [self._rows[index] for index in kept]
        self._of = [self._of[index] for index in kept]
