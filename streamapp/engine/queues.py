"""What is fetched and not yet processed, and which partition's records come next.

A task takes records from the partition whose next record is the oldest, and waits where a partition has
nothing queued but lags behind its log (KIP-695), so that its results depend on the data and not on the
network. Knows nothing of fetching; time is an argument.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from streamapp.engine.records import Row

TopicPartition = tuple[str, int]

Run = tuple[str, int, Sequence[Row], int]
"""Topic, partition, consecutive records, and the offset at which the partition goes on after them."""

NEVER_WAIT = -1
"""`max_task_idle_ms`: goes on without partitions that have nothing queued."""


class _Queue:
    """The records of one partition that wait, oldest first, in the batches in which they were fetched."""

    __slots__ = ("batches", "end", "first", "idle_since", "position", "size", "taken")

    def __init__(self) -> None:
        self.end: int | None = None
        self.empty_at(None)

    def empty_at(self, offset: int | None) -> None:
        """Forgets what waits; the next record is at `offset` or later."""
        self.batches: deque[Sequence[Row]] = deque()
        self.first = 0  # index in the first batch
        self.size = 0
        self.position = offset  # behind everything that was added
        self.taken = offset  # behind everything that was handed out
        self.idle_since: int | None = None

    @property
    def head(self) -> int:
        """Timestamp of the next record."""
        return self.batches[0][self.first][1]

    @property
    def lags(self) -> bool:
        """Whether the log has more, as far as anyone knows."""
        return self.position is None or self.end is None or self.position < self.end

    @property
    def moved(self) -> bool:
        """Whether nothing waits, and the partition has moved on over offsets that hold no record."""
        return not self.size and self.position != self.taken

    def take(self, limit: int, before: int | None) -> tuple[Sequence[Row], int]:
        """The next run of at most `limit` records, up to the first with a timestamp of `before` or more."""
        batch, first = self.batches[0], self.first
        last = min(first + limit, len(batch))
        if before is not None:
            last = next((at for at in range(first, last) if batch[at][1] >= before), last)
        rows = batch if last - first == len(batch) else batch[first:last]
        self.size -= len(rows)
        self.first = last
        if last == len(batch):
            self.batches.popleft()
            self.first = 0
        return rows, self.goes_on_at()

    def goes_on_at(self) -> int:
        """Where the partition goes on after what has been handed out, this call included."""
        self.taken = self.batches[0][self.first][0] if self.batches else self.position
        assert self.taken is not None  # noqa: S101 - tells mypy: something was added
        return self.taken


class RecordQueues:
    """The queues of one task; `partitions` in the order that decides between equal timestamps.

    `max_task_idle_ms`: how long to wait for producers when a partition has nothing queued and no lag; 0 does
    not, -1 does not even wait for lag.
    """

    def __init__(self, partitions: Iterable[TopicPartition], max_task_idle_ms: int = 0) -> None:
        self._queues = {at: _Queue() for at in partitions}
        self._max_idle = max_task_idle_ms

    def add(self, topic: str, partition: int, rows: Sequence[Row], next_offset: int) -> None:
        """Queues what was fetched; `next_offset` is where the partition goes on, beyond gaps and markers."""
        queue = self._queues[topic, partition]
        if rows:
            queue.batches.append(rows)
            queue.size += len(rows)
            queue.idle_since = None
        queue.position = next_offset

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Empties a queue; what is added next begins at `offset` or later."""
        self._queues[topic, partition].empty_at(offset)

    def clear(self) -> None:
        """Empties all queues; until `seek` or `add`, where they stand is unknown, which counts as lag."""
        for queue in self._queues.values():
            queue.empty_at(None)

    def set_end(self, topic: str, partition: int, end_offset: int) -> None:
        """Tells where the partition's log ends; until told, an empty queue counts as lagging."""
        self._queues[topic, partition].end = end_offset

    def buffered(self, topic: str, partition: int) -> int:
        """How many records of the partition wait."""
        return self._queues[topic, partition].size

    def ready(self, now_ms: int) -> bool:
        """Whether `take` would give something."""
        return any(queue.moved for queue in self._queues.values()) or self._may_go_on(now_ms)

    def take(self, now_ms: int, limit: int) -> Run | None:
        """The next run, of at most `limit` records, or None while there is nothing, or something to wait for.

        A run may be empty: the partition moved on over offsets that hold no record.
        """
        for at, queue in self._queues.items():
            if queue.moved:
                return (*at, (), queue.goes_on_at())
        if not self._may_go_on(now_ms):
            return None
        order = [(queue.head, place, at) for place, (at, queue) in enumerate(self._queues.items()) if queue.size]
        (_, place, at), *others = sorted(order)
        before = None
        if others:
            rival, rival_place, _ = others[0]
            before = rival if rival_place < place else rival + 1
        rows, goes_on_at = self._queues[at].take(limit, before)
        return (*at, rows, goes_on_at)

    def _may_go_on(self, now_ms: int) -> bool:
        """Whether something waits and no empty queue must be waited for."""
        empty = [queue for queue in self._queues.values() if not queue.size]
        if len(empty) == len(self._queues):
            return False
        if self._max_idle == NEVER_WAIT:
            return True
        waits = [self._must_wait(queue, now_ms) for queue in empty]  # of all: each has its own patience
        return not any(waits)

    def _must_wait(self, queue: _Queue, now_ms: int) -> bool:
        if queue.lags:
            queue.idle_since = None
            return True
        if queue.idle_since is None:
            queue.idle_since = now_ms
        return now_ms < queue.idle_since + self._max_idle
