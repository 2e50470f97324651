"""The value of each key and window start (`streamapp.engine.store.WindowStore`).

Windows lie in the order of their starts, then of their keys. What starts before the horizon is hidden at once and
removed by the next commit, which tells the changelog. Knows nothing of disks, positions or stream time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streamapp.engine.records import Change
from streamapp.engine.specs import StoreSpec
from streamapp.engine.store import Undo
from streamapp.state.layout import (
    LAST_START,
    NUMBER,
    from_changelog,
    pack_row,
    pack_start,
    start_of,
    successor,
    to_changelog,
    unpack_timestamp,
)
from streamapp.state.overlay import Found, overlay
from streamapp.state.query import Query, ScanRow
from streamapp.state.rows import Newest, Rows, Writes, rows_of

_MANY = 1000
"""Expired rows from which one range is cheaper than a deletion each; ranges slow down reads until a compaction."""


@dataclass(slots=True)
class _Gone:
    """What of the committed rows a horizon has passed, and the start of the first it has not."""

    horizon: int
    rows: list[tuple[bytes, int]]
    next: int


class WindowStore:
    """One row per window start and key."""

    def __init__(self, spec: StoreSpec, committed: Rows, limit: int) -> None:
        self.name = spec.name
        self._encode, self._decode = spec.key.encode, spec.key.decode
        self._committed = committed
        self._overlay = overlay(spec.name, committed, spec.value, limit)
        self._get, self._put = self._overlay.get, self._overlay.put
        self._start, self._prefix = 0, pack_start(0)
        self._horizon = self._committed_horizon = 0
        self._oldest = 0
        """No committed row starts before it."""
        self._gone = _Gone(0, [], 0)

    def bind(self, journal: Undo) -> None:
        """From now on, note in `journal` what each `put` overwrites."""
        self._overlay.bind(journal)

    # -- the task's side -----------------------------------------------------------------------------------------------

    def get(self, key: Any, start: int) -> Found | None:
        """The value of the window that starts at `start` (ms) and its timestamp, or None."""
        if start < self._horizon:
            return None
        if start != self._start:
            self._prefix, self._start = pack_start(start), start
        return self._get(self._prefix + self._encode(key))

    def put(self, key: Any, start: int, value: Any, timestamp: int) -> None:
        """Sets the value; None deletes the window. Does nothing for a window that has expired."""
        if start < self._horizon:
            return
        if start != self._start:
            self._prefix, self._start = pack_start(start), start
        self._put(self._prefix + self._encode(key), value, timestamp)

    def fetch(self, key: Any, earliest: int, latest: int) -> Iterator[tuple[int, Any, int]]:
        """Start, value, timestamp of the key's windows with earliest <= start <= latest, oldest first."""
        for row_key in self._keys(key, earliest, latest):
            row = self._get(row_key)
            if row is not None:
                yield start_of(row_key), *row

    def fetch_all(self, earliest: int, latest: int) -> Iterator[tuple[Any, int, Any, int]]:
        """Key, start, value, timestamp of all windows with earliest <= start <= latest, by start and encoded key."""
        first, end = pack_start(max(earliest, self._horizon)), pack_start(latest + 1)
        for row_key, value, timestamp in self._overlay.scan(first, end):
            yield self._decode(row_key[NUMBER:]), start_of(row_key), value, timestamp

    def _keys(self, key: Any, earliest: int, latest: int) -> Iterator[bytes]:
        """The rows of one key among those of others: at most two steps for each start there is."""
        wanted, start = self._encode(key), max(earliest, self._horizon)
        while start <= latest:
            found = self._overlay.seek(pack_start(start) + wanted)
            if found is None:
                return
            start, passed = start_of(found), found[NUMBER:]
            if passed == wanted and start <= latest:
                yield found
            if passed >= wanted:
                start += 1

    def expire(self, before: int) -> None:
        """Windows that start before `before` (ms) are gone: hidden at once, tombstoned at the next commit."""
        self._horizon = max(self._horizon, before)

    # -- readers beside the task ---------------------------------------------------------------------------------------

    def peek(self, key: Any, start: int) -> Found | None:
        """The same as `get`, leaving no trace in memory."""
        return None if start < self._horizon else self._overlay.peek(pack_start(start) + self._encode(key))

    def scan(self, query: Query) -> Iterator[ScanRow]:
        """The windows a reader asks for, by start and then by encoded key, or all of it reversed."""
        start = pack_start(max(self._horizon, query.from_ms or 0))
        end = None if query.to_ms is None else pack_start(max(0, query.to_ms))
        if query.after is not None:
            after = pack_start(query.after[1] or 0) + self._encode(query.after[0])
            if query.newest_first:
                end = after if end is None else min(end, after)
            else:
                start = max(start, successor(after))
        rows = self._overlay.scan(start, end, reverse=query.newest_first)
        return query.wanted(
            ScanRow(self._decode(key[NUMBER:]), start_of(key), value, timestamp) for key, value, timestamp in rows
        )

    def windows(self, key: Any, query: Query) -> Iterator[ScanRow]:
        """The windows of one key a reader asks for."""
        latest = LAST_START if query.to_ms is None else query.to_ms - 1
        keys = list(self._keys(key, query.from_ms or 0, latest))
        if query.newest_first:
            keys.reverse()
        found = ((row_key, self._overlay.peek(row_key)) for row_key in keys)
        return query.wanted(ScanRow(key, start_of(row_key), *row) for row_key, row in found if row is not None)

    # -- commit and restore --------------------------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Nothing has been committed to it."""
        return self._committed.seek(b"") is None

    def changes(self) -> list[Change]:
        """What the changelog must be told, expired windows first; stays dirty."""
        gone = [(to_changelog(key), None, timestamp) for key, timestamp in self._expired()]
        return gone + [(to_changelog(key), value, timestamp) for key, value, timestamp in self._living()]

    def writes(self) -> Writes:
        """What a commit writes."""
        expired = self._expired()
        rows: list[tuple[bytes, bytes | None]] = [
            (key, None if value is None else pack_row(value, timestamp)) for key, value, timestamp in self._living()
        ]
        if len(expired) < _MANY:
            return Writes(self.name, [(key, None) for key, _ in expired] + rows)
        return Writes(self.name, rows, [(pack_start(0), pack_start(self._horizon))])

    def _expired(self) -> list[tuple[bytes, int]]:
        """Key and timestamp of the committed rows that start before the horizon; read once for each horizon."""
        if self._horizon <= self._oldest:
            return []
        if self._gone.horizon != self._horizon:
            self._gone = _Gone(self._horizon, [], LAST_START)
            for key, row in self._committed.scan(pack_start(self._oldest)):
                start = start_of(key)
                if start >= self._horizon:
                    self._gone.next = start
                    break
                self._gone.rows.append((key, unpack_timestamp(row)))
        return self._gone.rows

    def _living(self) -> list[tuple[bytes, bytes | None, int]]:
        floor = pack_start(self._horizon)
        return [change for change in self._overlay.changes() if change[0] >= floor]

    def settle(self) -> None:
        """The commit has been written."""
        if self._expired():
            self._oldest = self._gone.next
        lowest = self._overlay.lowest()
        if lowest is not None:
            self._oldest = min(self._oldest, start_of(lowest))
        self._committed_horizon = self._horizon
        self._gone = _Gone(0, [], 0)
        self._overlay.settle()

    def rollback(self) -> None:
        """Back to the last commit."""
        self._horizon = self._committed_horizon
        self._overlay.rollback()

    def row_key(self, key: bytes) -> bytes | None:
        """Start and key; None for a key without a window start."""
        return from_changelog(key) if len(key) >= NUMBER else None

    def restored(self, newest: Newest) -> Writes:
        """What its log says of some keys; nothing may be dirty.

        Raises `ChangedStateError` for a key without a window start that has a value.
        """
        self._overlay.forget()
        self._oldest = 0
        return Writes(self.name, list(rows_of(self.name, newest, self.row_key)))
