"""Reads partitions from given offsets, to given offsets or for ever.

A partition is at its end when the reader's position is, transaction markers included, so that an end offset
read before reading never waits for a record that is not there. Knows nothing of what the records are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from streamapp.cli.cluster import TopicPartition
from streamapp.cli.records import Row
from streamapp.kafka import BatchConsumer

_WAIT = 0.5
"""Seconds to wait for a fetch; only how often the loop turns when there is nothing."""


async def read(
    consumer: BatchConsumer,
    starts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int] | None = None,
) -> AsyncIterator[tuple[TopicPartition, list[Row]]]:
    """Batches of rows in each partition's order; with `ends`, what lies before them, and then it stops."""
    async for at, rows, _ in runs(consumer, starts, ends):
        if rows:
            yield at, rows


async def runs(
    consumer: BatchConsumer,
    starts: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int] | None = None,
) -> AsyncIterator[tuple[TopicPartition, list[Row], int]]:
    """As `read`, with where the partition goes on behind the rows, of which there may be none."""
    todo = [at for at in starts if ends is None or starts[at] < ends[at]]
    if not todo:
        return
    consumer.assign(todo)
    for at in todo:
        consumer.seek(at, starts[at])
    while todo:
        for at, fetched in sorted((await consumer.take(todo, _WAIT)).items()):
            rows = fetched.rows()
            if ends is not None:
                if rows and rows[-1][0] >= ends[at]:
                    rows = [row for row in rows if row[0] < ends[at]]
                if fetched.next >= ends[at]:
                    todo.remove(at)
            yield at, rows, fetched.next
