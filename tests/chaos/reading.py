"""What is on a topic, read committed, and what it means as sequences, updates and tables.

Tables are read from their changelogs, by the rule a changelog has: the last value of each key. Knows nothing of what
is expected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from streamapp.kafka import Admin, BatchConsumer
from streamapp.kafka.records import Row
from tests.chaos.events import Window
from tests.chaos.pipeline import Passed, Total

Partitions = Mapping[int, list[Row]]


async def read_topic(bootstrap: str, admin: Admin, topic: str) -> dict[int, list[Row]]:
    """All committed records up to where each partition ends now; waits for transactions that are open there."""
    (info,) = (await admin.describe([topic])).values()
    partitions = [(topic, number) for number in range(info.partitions)]
    starts, ends = await admin.beginnings(partitions), await admin.ends(partitions)
    rows: dict[int, list[Row]] = {number: [] for _, number in partitions}
    left = {at for at in partitions if starts[at] < ends[at]}
    reader = BatchConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await reader.start()
    try:
        reader.assign(left)
        for at in left:
            reader.seek(at, starts[at])
        while left:
            for at, fetched in (await reader.take(list(left), 0.5)).items():
                rows[at[1]] += fetched.rows()
                if fetched.next >= ends[at]:
                    left.discard(at)
    finally:
        await reader.stop()
    return rows


def passed(rows: Partitions) -> list[int]:
    """The sequence numbers that went through."""
    return [msgspec.json.decode(row[3] or b"", type=Passed).sequence for part in rows.values() for row in part]


def updates(rows: Partitions) -> Iterator[tuple[str, Total]]:
    """The updates of a table on its sink topic, each key's in their order."""
    for part in rows.values():
        for _, _, key, value, _ in part:
            yield (key or b"").decode(), msgspec.json.decode(value or b"", type=Total)


def table(rows: Partitions) -> dict[str, Total]:
    """The table a changelog holds."""
    return {key.decode(): msgspec.json.decode(value, type=Total) for key, value in _last(rows)}


def windows(rows: Partitions) -> dict[Window, Total]:
    """The table of windows a changelog holds: the key's last eight bytes are the window's start."""
    return {
        (key[:-8].decode(), int.from_bytes(key[-8:], "big")): msgspec.json.decode(value, type=Total)
        for key, value in _last(rows)
    }


def _last(rows: Partitions) -> Iterator[tuple[bytes, bytes]]:
    for part in rows.values():
        last = {key: value for _, _, key, value, _ in part if key is not None}
        yield from ((key, value) for key, value in last.items() if value is not None)
