"""What operators need of state; `streamapp.state` implements it.

A store is the table of one task. Nothing here knows bytes, disks or topics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

Undo: TypeAlias = list[tuple[Any, Any, Any]]
"""(container, key, old value): what a record changed, so that a record that fails leaves no trace."""

MISSING: Any = object()
"""The old value of a key that was not there."""


def undo(journal: Undo) -> None:
    """Puts back, newest first, what the journal says was changed, and empties it."""
    for container, key, old in reversed(journal):
        if old is MISSING:
            container.pop(key, None)
        else:
            container[key] = old
    journal.clear()


class Store(Protocol):
    """What every kind of store has."""

    name: str

    def bind(self, journal: Undo) -> None:
        """From now on, note in `journal` what each `put` overwrites."""
        ...


class KeyValueStore(Store, Protocol):
    """The last value of each key, with its timestamp."""

    def get(self, key: Any) -> tuple[Any, int] | None:
        """The value and its timestamp (ms), or None. The value may be kept, not changed."""
        ...

    def put(self, key: Any, value: Any, timestamp: int) -> None:
        """Sets the value; None deletes the key."""
        ...

    def range(self, start: Any = None, end: Any = None) -> Iterator[tuple[Any, Any, int]]:
        """Key, value, timestamp of start <= key <= end, in the order of the encoded keys."""
        ...


class TimedStore(Store, Protocol):
    """Values by key and times, the same number of times in each row; found by key, and by the first of the times."""

    def get_at(self, key: Any, at: tuple[int, ...]) -> tuple[Any, int] | None:
        """The value of a row and its timestamp (ms), or None."""
        ...

    def put_at(self, key: Any, at: tuple[int, ...], value: Any, timestamp: int) -> None:
        """Sets a row; None deletes it."""
        ...

    def near(self, key: Any, earliest: int, latest: int) -> Sequence[tuple[tuple[int, ...], Any, int]]:
        """Times, value, timestamp of the key's rows with earliest <= first time <= latest, oldest first."""
        ...

    def expire(self, earliest: int, latest: int) -> None:
        """Deletes all rows with earliest <= first time <= latest."""
        ...

    def keep_order(self) -> None:
        """The order of the rows by time will be asked for often."""
        ...


class VersionedStore(Store, Protocol):
    """The values a key has had, each from the time of its record until that of the next."""

    def get(self, key: Any) -> tuple[Any, int] | None:
        """The last value and the time (ms) from which it holds, or None."""
        ...

    def get_as_of(self, key: Any, time: int) -> tuple[Any, int] | None:
        """The value the key had at `time` (ms) and the time from which it held, or None."""
        ...

    def put(self, key: Any, value: Any, timestamp: int) -> bool:
        """Sets the value from `timestamp` (ms) to the next there is; None: there was none. Whether it is the last."""
        ...

    def expire(self, before: int) -> None:
        """Values that held only until before `before` (ms) are gone at the next commit."""
        ...


class WindowStore(Store, Protocol):
    """The value of each key and window start."""

    def get(self, key: Any, start: int) -> tuple[Any, int] | None:
        """The value of the window that starts at `start` (ms) and its timestamp, or None."""
        ...

    def put(self, key: Any, start: int, value: Any, timestamp: int) -> None:
        """Sets the value; None deletes the window."""
        ...

    def fetch(self, key: Any, earliest: int, latest: int) -> Iterator[tuple[int, Any, int]]:
        """Start, value, timestamp of the key's windows with earliest <= start <= latest, oldest first."""
        ...

    def fetch_all(self, earliest: int, latest: int) -> Iterator[tuple[Any, int, Any, int]]:
        """Key, start, value, timestamp of all windows with earliest <= start <= latest, by start and encoded key."""
        ...

    def expire(self, before: int) -> None:
        """Windows that start before `before` (ms) are gone: hidden at once, tombstoned at the next commit."""
        ...
