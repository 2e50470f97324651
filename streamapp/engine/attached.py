"""What a processor sees of the stores attached to it: values by key, stamped with the record in process.

Knows nothing of how rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from streamapp.dsl.attached import AttachedStore
from streamapp.engine.operator import BEFORE_ALL, Context
from streamapp.engine.specs import CodecFor, StoreSpec


def spec_of(store: AttachedStore[Any], codec_for: CodecFor) -> StoreSpec:
    """How the store is kept."""
    return StoreSpec(
        store.name,
        store.kind,
        codec_for(store.key, None),
        codec_for(store.value, None),
        retention=store.retention,
        window_size=store.window_size,
    )


class AttachedRows:
    """The last value of each key (`streamapp.dsl.attached.KeyValueRows`)."""

    def __init__(self, name: str, context: Context, now: Callable[[], int]) -> None:
        self._store, self._now = context.key_value_store(name), now

    def get(self, key: Any) -> Any:
        """The value of a key, or None."""
        row = self._store.get(key)
        return None if row is None else row[0]

    def timestamp(self, key: Any) -> int | None:
        """The timestamp (ms) of a key's value, or None."""
        row = self._store.get(key)
        return None if row is None else row[1]

    def put(self, key: Any, value: Any, *, timestamp: int | None = None) -> None:
        """Sets the value; None deletes the key."""
        self._store.put(key, value, self._now() if timestamp is None else timestamp)

    def put_if_absent(self, key: Any, value: Any) -> Any:
        """Sets the value of a key that has none; gives the value there was."""
        found = self.get(key)
        if found is None:
            self.put(key, value)
        return found

    def delete(self, key: Any) -> Any:
        """Deletes the key; gives the value there was."""
        found = self.get(key)
        self.put(key, None)
        return found

    def range(self, start: Any = None, end: Any = None) -> Iterator[tuple[Any, Any]]:
        """Keys and values in the order of the encoded keys; rows may be changed meanwhile."""
        for key, value, _ in list(self._store.range(start, end)):
            yield key, value


class AttachedWindows:
    """The value of each key and window start (`streamapp.dsl.attached.WindowRows`).

    The latest start there has been is the store's time: what is older by its retention is gone (Kafka's
    `observedStreamTime` of a window store).
    """

    def __init__(self, store: AttachedStore[Any], context: Context, now: Callable[[], int]) -> None:
        self._name, self._retention, self._now = store.name, store.retention or 0, now
        self._store = context.window_store(store.name)
        self._times, self._journal = context.clock(store.name), context.journal

    def get(self, key: Any, start: int) -> Any:
        """The value of the window that starts at `start` (ms), or None."""
        row = None if self._is_gone(start) else self._store.get(key, start)
        return None if row is None else row[0]

    def put(self, key: Any, start: int, value: Any, *, timestamp: int | None = None) -> None:
        """Sets the value; None deletes the window."""
        observed = self._times[self._name]
        if start > observed:
            self._journal.append((self._times, self._name, observed))
            self._times[self._name] = start
        if not self._is_gone(start):
            self._store.put(key, start, value, self._now() if timestamp is None else timestamp)

    def fetch(self, key: Any, earliest: int, latest: int) -> Iterator[tuple[int, Any]]:
        """Starts and values of the key's windows, oldest first; rows may be changed meanwhile."""
        oldest = max(earliest, self._times[self._name] - self._retention + 1, 0)
        for start, value, _ in list(self._store.fetch(key, oldest, latest)):
            yield start, value

    def _is_gone(self, start: int) -> bool:
        observed = self._times[self._name]
        return observed != BEFORE_ALL and start <= observed - self._retention
