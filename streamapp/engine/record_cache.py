"""Changes of tables that wait for the commit, so that only the last one of each key goes on.

As Kafka Streams' record cache (`statestore.cache.max.bytes`): rows are changed at once, and the change is passed on
when the task commits, or earlier when too much waits; with the timestamp and headers of the last update, and the value
the row had before the first. A row that has come and gone meanwhile leaves no change. Changes go in the order of their
last updates. Nothing waits after a commit, so there is nothing to bring back. Knows nothing of particular tables.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from hashlib import blake2s
from typing import Any, NamedTuple

from streamapp.dsl.changes import Changes
from streamapp.dsl.node import Aggregate, Node, TableSource
from streamapp.dsl.nodes_table import ForeignKeyJoin, TableAggregate, TableFilter, TableMapValues, ToTable
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers, Row
from streamapp.engine.store import MISSING

_FLUSHED = 1_000_000
"""Ordinals of what a change gives when it is flushed are beyond those its record has given at once; this many each."""

_ENTRY = 300
"""Bytes that a change takes, beside its key and value."""


def is_cached(node: Node, changes: Changes) -> bool:
    """Whether a step is a table with rows of its own, whose changes may wait; those with a history may not."""
    match node:
        case Aggregate():
            return node.emit == "update"
        case TableSource() if node.history is not None:
            return False
        case TableFilter() | TableMapValues():
            return node.store is not None
        case Cogroup() | TableAggregate() | TableSource() | ToTable() | ForeignKeyJoin():
            return changes.keeps(node)
    return False


class Waiting(NamedTuple):
    """A change that waits, and the record that caused its last update."""

    number: int
    """Counts updates: it gives the order."""
    size: int
    key: Any
    new: Any
    old: Any
    timestamp: int
    headers: Headers
    topic: str
    row: Row


class RecordCache:
    """What waits of one task: at most about `limit` bytes, by an estimate of the values' sizes."""

    def __init__(self, context: Context, limit: int) -> None:
        self._context = context
        self._limit = limit
        self._size = {"all": 0}
        self._number = 0
        self._tables: list[CachedTable] = []

    def before(self, encode: Callable[[Any], bytes], forward: Forward, *, keeps_old: bool) -> Forward:
        """The edge of a table whose changes wait before they go to `forward`; those behind are made first."""
        table = CachedTable(self, encode, forward, keeps_old=keeps_old)
        self._tables.append(table)
        return table.wait

    def waiting(self) -> Iterator[tuple[CachedTable, bytes]]:
        """All that waits, by table and key: tables before the tables behind them, the oldest update first."""
        for table in reversed(self._tables):
            for place, _ in sorted(table.waiting.items(), key=lambda item: item[1].number):
                yield table, place

    def ordinal(self, table: CachedTable, place: bytes) -> int:
        """The number of the first output of a change, for its event id, whatever else is flushed with it."""
        row = self._tables.index(table).to_bytes(4) + place
        return _FLUSHED * (1 + int.from_bytes(blake2s(row, digest_size=8).digest()))

    def clear(self) -> None:
        """Forgets what waits."""
        self._size["all"] = 0
        for table in self._tables:
            table.waiting.clear()

    def next_number(self) -> int:
        """Counts an update."""
        self._number += 1
        return self._number

    def grow(self, size: int) -> None:
        """Notes that as much more waits."""
        self._context.journal.append((self._size, "all", self._size["all"]))
        self._size["all"] += size

    @property
    def full(self) -> bool:
        """Whether more waits than may."""
        return self._size["all"] > self._limit

    @property
    def context(self) -> Context:
        """The task's."""
        return self._context


class CachedTable:
    """The changes of one table that wait."""

    __slots__ = ("_cache", "_encode", "_forward", "_here", "_journal", "_keeps_old", "waiting")

    def __init__(
        self, cache: RecordCache, encode: Callable[[Any], bytes], forward: Forward, *, keeps_old: bool
    ) -> None:
        self.waiting: OrderedDict[bytes, Waiting] = OrderedDict()
        self._cache = cache
        self._encode = encode
        self._forward = forward
        self._keeps_old = keeps_old
        self._here, self._journal = cache.context.here, cache.context.journal

    def wait(self, key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        """Lets a change wait in place of the one of its key before it, then passes on what is too much."""
        cache, here, place = self._cache, self._here, self._encode(key)
        before = self.waiting.get(place)
        if before is not None:
            old = before.old
        size = _ENTRY + len(place) + sys.getsizeof(new)
        self._journal.append((self.waiting, place, MISSING if before is None else before))
        self.waiting[place] = Waiting(
            cache.next_number(), size, key, new, old, timestamp, headers, here.topic, here.row
        )
        self.waiting.move_to_end(place)
        cache.grow(size if before is None else size - before.size)
        while cache.full and self.waiting:
            self.pass_on(self.take(next(iter(self.waiting))))

    def take(self, place: bytes) -> Waiting:
        """Takes a change out."""
        change = self.waiting.pop(place)
        self._journal.append((self.waiting, place, change))
        self._cache.grow(-change.size)
        return change

    def pass_on(self, change: Waiting) -> None:
        """Hands a change to the steps behind the table, unless the row is as it was: not there."""
        if change.new is not None or change.old is not None:
            old = change.old if self._keeps_old else None
            self._forward(change.key, change.new, old, change.timestamp, change.headers)
