"""Rows of windows that are looked up by key, and found by time to be emitted or to expire.

A row's key is `(key, *at)`, where `at` begins with the time it expires by; a store of its own has their order,
`(*at, key)`. What is as old as stream time less the retention is hidden at once and removed some time later. Knows
nothing of what the windows are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from streamapp.dsl.format import Codec
from streamapp.engine.operator import Context
from streamapp.engine.ordered import LAST_TIME
from streamapp.engine.packed import NOTHING
from streamapp.engine.specs import StoreSpec

At: TypeAlias = tuple[int, ...]

_SPARING = 8
"""Rows are removed when the horizon has passed a whole part of the retention: a scan for each commit is dear."""


def timed_stores(
    name: str, rows: Codec[Any], index: Codec[Any], value: Codec[Any], *, times: int = 1
) -> tuple[StoreSpec, StoreSpec]:
    """The rows, with `times` times behind the key, and their order by time."""
    return (
        StoreSpec(name, "key-value", rows, value, times=times),
        StoreSpec(index_of(name), "key-value", index, NOTHING, order_of=name),
    )


def index_of(name: str) -> str:
    """The store that has the rows of the store `name` in the order of time."""
    return f"{name}-times"


class TimedRows:
    """The rows of one step, kept for `retention` ms back from what `clock` shows: the step's, or its own."""

    def __init__(self, context: Context, name: str, retention: int, clock: str | None = None) -> None:
        self._rows = context.timed_store(name)
        self._near, self._get, self._put = self._rows.near, self._rows.get_at, self._rows.put_at
        self._find = context.key_value_store(index_of(name)).range
        self._clock, self._expired = clock or name, f"{name}:expired"
        self._times = context.clock(self._clock)
        context.clock(self._expired)
        self._journal = context.journal
        self._retention, self._step = retention, max(1, retention // _SPARING)

    def hidden(self, time: int) -> bool:
        """Whether a row of `time` has expired."""
        return time <= self._times[self._clock] - self._retention

    def keep_order(self) -> None:
        """`between` will be asked with every record."""
        self._rows.keep_order()

    def get(self, key: Any, at: At) -> tuple[Any, int] | None:
        """The value of a row and its timestamp (ms), or None; also of one that has expired and is still there."""
        return self._get(key, at)

    def put(self, key: Any, at: At, value: Any, timestamp: int) -> None:
        """Sets a row; None deletes it. Does nothing for one that has expired."""
        if at[0] > self._times[self._clock] - self._retention:
            self._put(key, at, value, timestamp)

    def fetch(self, key: Any, earliest: int, latest: int = LAST_TIME) -> Sequence[tuple[At, Any, int]]:
        """Times, value and timestamp of the key's rows from the time `earliest` to `latest`, oldest first."""
        horizon = self._times[self._clock] - self._retention
        return self._near(key, earliest if earliest > horizon else horizon + 1, latest)

    def between(self, earliest: int, latest: int) -> Iterator[tuple[Any, At, Any, int]]:
        """Key, times, value and timestamp of all rows with earliest <= time <= latest, in that order."""
        for entry, _, _ in self._find((earliest,), (latest + 1,)):
            *at, key = entry
            row = self._get(key, tuple(at)) if at[0] <= latest else None  # an empty key behind it is in the range too
            if row is not None:
                yield key, tuple(at), *row

    def expire(self) -> None:
        """Removes expired rows, when there may be enough of them; before a commit."""
        horizon, expired = self._times[self._clock] - self._retention, self._times[self._expired]
        bound = horizon - horizon % self._step  # whatever was committed when, the same rows are gone in the end
        if bound <= expired:
            return
        self._journal.append((self._times, self._expired, expired))
        self._times[self._expired] = bound
        self._rows.expire(expired + 1, bound)
