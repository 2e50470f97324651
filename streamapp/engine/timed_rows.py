"""Rows of windows that are looked up by key, and found by time to be emitted or to expire.

A row's key is `(key, *at)`, where `at` begins with the time it expires by; an index has `(*at, key)`. What is as
old as stream time less the retention is hidden at once and removed some time later. Knows nothing of what the
windows are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from streamapp.dsl.format import Codec
from streamapp.engine.operator import Context
from streamapp.engine.ordered import LAST_TIME
from streamapp.engine.packed import NOTHING
from streamapp.engine.specs import StoreSpec

At: TypeAlias = tuple[int, ...]

_SPARING = 8
"""Rows are removed each time the horizon has moved by this part of the retention: a scan for each record is dear."""


def timed_stores(name: str, rows: Codec[Any], index: Codec[Any], value: Codec[Any]) -> tuple[StoreSpec, StoreSpec]:
    """The rows, and their index by time."""
    return (
        StoreSpec(name, "key-value", rows, value),
        StoreSpec(index_of(name), "key-value", index, NOTHING),
    )


def index_of(name: str) -> str:
    """The store that has the rows of the store `name` in the order of time."""
    return f"{name}-times"


class TimedRows:
    """The rows of one step, kept for `retention` ms back from what `clock` shows: the step's, or its own."""

    def __init__(self, context: Context, name: str, retention: int, clock: str | None = None) -> None:
        rows, index = context.key_value_store(name), context.key_value_store(index_of(name))
        self.get = rows.get
        self._range, self._put = rows.range, rows.put
        self._find, self._note = index.range, index.put
        self._clock, self._expired = clock or name, f"{name}:expired"
        self._times = context.clock(self._clock)
        context.clock(self._expired)
        self._journal = context.journal
        self._retention, self._step = retention, retention // _SPARING

    def hidden(self, time: int) -> bool:
        """Whether a row of `time` has expired."""
        return time <= self._times[self._clock] - self._retention

    def put(self, key: Any, at: At, value: Any, timestamp: int) -> None:
        """Sets a row; None deletes it. Does nothing for one that has expired."""
        if not self.hidden(at[0]):
            self._put((key, *at), value, timestamp)
            self._note((*at, key), None if value is None else b"", timestamp)

    def fetch(self, key: Any, earliest: int, latest: int = LAST_TIME) -> Iterator[tuple[Any, Any, int]]:
        """Window, value and timestamp of the key's rows from the time `earliest` to `latest`, oldest first."""
        horizon = self._times[self._clock] - self._retention
        return self._range((key, max(earliest, horizon + 1)), (key, latest))

    def between(self, earliest: int, latest: int) -> Iterator[tuple[Any, At, Any, int]]:
        """Key, window's times, value and timestamp of all rows with earliest <= time <= latest, in that order."""
        for entry, _, _ in self._find((earliest,), (latest + 1,)):
            *at, key = entry
            row = self.get((key, *at)) if at[0] <= latest else None  # an empty key behind it is in the range too
            if row is not None:
                yield key, tuple(at), *row

    def expire(self) -> None:
        """Removes expired rows, when there may be enough of them."""
        horizon, expired = self._times[self._clock] - self._retention, self._times[self._expired]
        if horizon - expired <= self._step:
            return
        self._journal.append((self._times, self._expired, expired))
        self._times[self._expired] = horizon
        for entry, _, timestamp in list(self._find((expired + 1,), (horizon + 1,))):
            *at, key = entry
            if at[0] <= horizon:
                self._put((key, *at), None, timestamp)
                self._note(entry, None, timestamp)
