"""Rows that are looked up by key near a time, and found by time when they expire or their windows close.

A row's key is a key and then its times (`streamapp.engine.timed_rows`). Where the rows of a key lie is remembered, so
that the hot path does not search the disk for each record; their order by time is a store of its own (`times`). Knows
nothing of windows, sessions or joins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from streamapp.engine.ordered import by_key, packing, unpacking
from streamapp.engine.specs import StoreSpec
from streamapp.engine.store import Undo
from streamapp.state.keyvalue import KeyValueStore
from streamapp.state.layout import NUMBER
from streamapp.state.overlay import Found
from streamapp.state.places import At, Place, Places
from streamapp.state.rows import Newest, Rows, Writes
from streamapp.state.times import TimesStore


class TimedStore(KeyValueStore):
    """Rows by key and times, of which `spec.times` tells how many there are."""

    def __init__(self, spec: StoreSpec, committed: Rows, limit: int) -> None:
        super().__init__(spec, committed, limit)
        self._width = NUMBER * spec.times
        self._pack, self._unpack = packing(spec.times), unpacking(spec.times)
        self._places = Places(self._load, self._unpack, self._width, limit)
        self._times: TimesStore | None = None
        self._tell: Callable[[bytes], None] | None = None

    def ordered_by(self, times: TimesStore) -> None:
        """Its rows are to be found in the order of time in `times`."""
        self._times = times
        times.follow(self._overlay, self._width)

    def keep_order(self) -> None:
        """The order of time will be asked for with every record, so it is kept up to date."""
        if self._times is not None:
            self._tell = self._times.keep_order()

    def bind(self, journal: Undo) -> None:
        """From now on, note in `journal` what each `put` overwrites."""
        super().bind(journal)
        self._places.bind(journal)

    # -- the task's side -----------------------------------------------------------------------------------------------

    def get_at(self, key: Any, at: At) -> Found | None:
        """The value of a row and its timestamp (ms), or None."""
        return self._get(self._encode((key,)) + self._pack(*at))

    def near(self, key: Any, earliest: int, latest: int) -> Sequence[tuple[At, Any, int]]:
        """Times, value and timestamp of the key's rows from the time `earliest` to `latest`, oldest first."""
        found = self._places.between(self._encode((key,)), earliest, latest)
        if not found:
            return ()
        get = self._get
        return [(at, *get(row_key)) for at, row_key in found]  # type: ignore[misc]  # places are of rows there are

    def put_at(self, key: Any, at: At, value: Any, timestamp: int) -> None:
        """Sets a row; None deletes it. Raises what the codecs raise."""
        prefix = self._encode((key,))
        self._set(prefix, at, prefix + self._pack(*at), value, timestamp)

    def put(self, key: Any, value: Any, timestamp: int) -> None:
        """Sets the row of a key and its times; None deletes it. Raises what the codecs raise."""
        self._set_row(self._encode(key), value, timestamp)

    def expire(self, earliest: int, latest: int) -> None:
        """Deletes the rows whose first time is from `earliest` to `latest`."""
        assert self._times is not None  # noqa: S101 - tells mypy: it was opened with its order
        for entry, timestamp in self._times.entries(earliest, latest):
            self._set_row(by_key(entry, self._width), None, timestamp)

    def _set_row(self, row_key: bytes, value: Any, timestamp: int) -> None:
        split = len(row_key) - self._width
        self._set(row_key[:split], self._unpack(row_key, split), row_key, value, timestamp)

    def _set(self, prefix: bytes, at: At, row_key: bytes, value: Any, timestamp: int) -> None:
        self._put(row_key, value, timestamp)
        if value is None:
            self._places.remove(prefix, at, row_key)
        else:
            self._places.add(prefix, at, row_key)
        if self._tell is not None:
            self._tell(row_key)

    def _load(self, prefix: bytes, recent: Sequence[bytes]) -> list[Place]:
        row_keys = self._overlay.load(prefix, prefix[:-1] + b"\1")  # a prefix ends with a zero
        row_keys += [row_key for row_key in recent if self._get(row_key) is not None]
        split = len(prefix)
        return sorted({(self._unpack(row_key, split), row_key) for row_key in row_keys})

    # -- commit and restore --------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """The commit has been written."""
        super().settle()
        self._places.settle()

    def rollback(self) -> None:
        """Back to the last commit."""
        super().rollback()
        self._places.clear()

    def restored(self, newest: Newest) -> Writes:
        """What its log says of some keys; nothing may be dirty."""
        self._places.clear()
        return super().restored(newest)
