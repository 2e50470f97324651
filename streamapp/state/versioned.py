"""The values each key has had, by the time from which they hold (`streamapp.engine.store.VersionedStore`).

A row for each version, that of a deletion included, and an entry for it in an index by time, so that what no time
of interest can see any more is found without a search. The changelog is told of versions alone. A deletion at the
very time of the last value leaves no trace, unless something was there until then (RocksDBVersionedStore); so each
version knows whether one ends where it begins. Knows nothing of disks, positions or stream time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from streamapp.engine.ordered import TIME, key_part, last_key_part, ordered
from streamapp.engine.packed import NOTHING, packed
from streamapp.engine.records import Change
from streamapp.engine.specs import StoreSpec
from streamapp.engine.store import MISSING, Undo
from streamapp.state.layout import pack_row, prefix_end, successor, unpack_timestamp
from streamapp.state.overlay import Found, overlay
from streamapp.state.query import Query, ScanRow
from streamapp.state.rows import Newest, Rows, Writes, rows_of

_VERSION, _TIME = b"\0", b"\1"
"""What row keys begin with: a version's, and its entry by time."""

_PRESENT: tuple[Any, bytes | None] = (None, None)
"""The value of an entry."""

_FOLLOWS = b""
"""Beside a version's value: another ends where it begins."""


_Version: TypeAlias = tuple[tuple[Any, bytes | None], int]
"""A value (None: deleted) and whether another ends where it begins; the time (ms) from which it holds."""


class VersionedStore:
    """One row per key and time."""

    def __init__(self, spec: StoreSpec, committed: Rows, limit: int) -> None:
        self.name = spec.name
        version, entry = ordered(key_part(spec.key), TIME), ordered(TIME, last_key_part(spec.key))
        self._version, self._split = version.encode, version.decode
        self._entry, self._split_entry = entry.encode, entry.decode
        self._committed = committed
        self._limit = limit if spec.value.immutable else 0
        self._newest_of: dict[bytes, _Version | None] = {}
        """The last versions of keys that have been asked for; of values that can be changed, none are kept."""
        self._note: Callable[[tuple[Any, Any, Any]], None] = _forget
        self._present = packed(spec.value, NOTHING).encode(_PRESENT)
        self._overlay = overlay(spec.name, committed, packed(spec.value, NOTHING), limit)

    def bind(self, journal: Undo) -> None:
        """From now on, note in `journal` what each `put` overwrites."""
        self._overlay.bind(journal)
        self._note = journal.append

    # -- the task's side -----------------------------------------------------------------------------------------------

    def get(self, key: Any) -> Found | None:
        """The last value and the time (ms) from which it holds, or None."""
        return _present(self._newest(_VERSION + self._version((key,))))

    def get_as_of(self, key: Any, time: int) -> Found | None:
        """The value the key had at `time` (ms) and the time from which it held, or None."""
        prefix = _VERSION + self._version((key,))
        newest = self._newest(prefix)
        if newest is not None and newest[1] > time:
            newest = self._before(prefix, successor(prefix + TIME.encode(time)))
        return _present(newest)

    def put(self, key: Any, value: Any, timestamp: int) -> bool:
        """Sets the value from `timestamp` (ms) to the next there is; None: there was none. Whether it is the last."""
        prefix = _VERSION + self._version((key,))
        newest = self._newest(prefix)
        follows = value is None or (newest is not None and newest[0][0] is not None)
        if newest is not None and newest[1] >= timestamp:
            (last, after), time = newest
            if time > timestamp:
                self._remember(prefix, self._set(prefix, key, time, last, follows=True))
                self._set(prefix, key, timestamp, value, follows=True)
                return False
            follows = last is None or after is not None
        if value is None and not follows:
            self._overlay.put(prefix + TIME.encode(timestamp), None, timestamp)
            self._remember(prefix, self._before(prefix, None))
        else:
            self._remember(prefix, self._set(prefix, key, timestamp, value, follows=follows))
        return True

    def _set(self, prefix: bytes, key: Any, time: int, value: Any, *, follows: bool) -> _Version:
        version = (value, _FOLLOWS if follows else None)
        self._overlay.put(prefix + TIME.encode(time), version, time)
        self._overlay.put(_TIME + self._entry((time, key)), _PRESENT, time)
        return version, time

    def expire(self, before: int) -> None:
        """Versions that held only until `before` (ms) or earlier are gone, and deletions as old."""
        entries = list(self._overlay.scan(_TIME, _TIME + self._entry((before + 1,))))
        for entry, _, timestamp in entries:
            _, key = self._split_entry(entry[1:])
            self._prune(_VERSION + self._version((key,)), before)
            self._overlay.put(entry, None, timestamp)

    def _prune(self, prefix: bytes, before: int) -> None:
        """Removes what of a key's versions nobody can see who looks at `before` or later."""
        self._newest_of.pop(prefix, None)
        versions = list(self._overlay.scan(prefix, successor(prefix + TIME.encode(before))))
        if versions and versions[-1][1][0] is not None:
            versions.pop()
        for row_key, _, timestamp in versions:
            self._overlay.put(row_key, None, timestamp)

    def _newest(self, prefix: bytes) -> _Version | None:
        """The last version of a key, that of a deletion included."""
        found: _Version | None = self._newest_of.get(prefix, MISSING)
        if found is MISSING:
            found = self._before(prefix, None)
            if self._limit:
                self._newest_of[prefix] = found
        return found

    def _before(self, prefix: bytes, end: bytes | None) -> _Version | None:
        """The last version of a key before `end`, that of a deletion included."""
        for _, value, timestamp in self._overlay.scan(prefix, end or prefix_end(prefix), reverse=True):
            return value, timestamp
        return None

    def _remember(self, prefix: bytes, newest: _Version | None) -> None:
        if self._limit:
            self._note((self._newest_of, prefix, self._newest_of.get(prefix, MISSING)))
            self._newest_of[prefix] = newest

    # -- readers beside the task ---------------------------------------------------------------------------------------

    def peek(self, key: Any) -> Found | None:
        """The same as `get`, leaving no trace in memory."""
        return _present(self._before(_VERSION + self._version((key,)), None))

    def scan(self, query: Query) -> Iterator[ScanRow]:
        """The last values a reader asks for, or those of a time, in the order of the encoded keys."""
        start, end = _VERSION, _TIME
        if query.first is not None:
            start = _VERSION + self._version((query.first,))
        if query.last is not None:
            end = prefix_end(_VERSION + self._version((query.last,))) or _TIME
        if query.after is not None:
            start = max(start, prefix_end(_VERSION + self._version((query.after[0],))) or _TIME)
        return query.wanted(self._last(start, end, query.as_of))

    def _last(self, start: bytes, end: bytes, as_of: int | None) -> Iterator[ScanRow]:
        found: ScanRow | None = None
        for row_key, (value, _), timestamp in self._overlay.scan(start, end):
            if as_of is not None and timestamp > as_of:
                continue
            key, _ = self._split(row_key[1:])
            if found is not None and found.key != key and found.value is not None:
                yield found
            found = ScanRow(key, None, value, timestamp)
        if found is not None and found.value is not None:
            yield found

    # -- commit and restore --------------------------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Nothing has been committed to it."""
        return self._committed.seek(b"") is None

    def changes(self) -> list[Change]:
        """What the changelog must be told; stays dirty."""
        return [
            (key[1:], value, timestamp) for key, value, timestamp in self._overlay.changes() if key.startswith(_VERSION)
        ]

    def writes(self) -> Writes:
        """What a commit writes."""
        rows = (
            (key, None if value is None else pack_row(value, timestamp))
            for key, value, timestamp in self._overlay.changes()
        )
        return Writes(self.name, rows)

    def settle(self) -> None:
        """The commit has been written."""
        self._overlay.settle()
        if len(self._newest_of) > self._limit:
            self._newest_of.clear()

    def rollback(self) -> None:
        """Back to the last commit."""
        self._overlay.rollback()
        self._newest_of.clear()

    def row_key(self, key: bytes) -> bytes | None:
        """The version's row; None for what is no key and time."""
        try:
            self._split(key)
        except Exception:  # noqa: BLE001 - the key's codec may raise anything
            return None
        return _VERSION + key

    def restored(self, newest: Newest) -> Writes:
        """What its log says of some keys; nothing may be dirty.

        Raises `ChangedStateError` for what is no key and time and has a value.
        """
        self._overlay.forget()
        self._newest_of.clear()
        writes: list[tuple[bytes, bytes | None]] = []
        for row_key, row in rows_of(self.name, newest, self.row_key):
            key, time = self._split(row_key[1:])
            writes.append((row_key, row))
            present = None if row is None else pack_row(self._present, unpack_timestamp(row))
            writes.append((_TIME + self._entry((time, key)), present))
        return Writes(self.name, writes)


def _forget(change: tuple[Any, Any, Any]) -> None:
    """Where changes are noted while no journal is bound."""


def _present(version: _Version | None) -> Found | None:
    """The value of a version; None for that of a deletion."""
    return None if version is None or version[0][0] is None else (version[0][0], version[1])
