"""Where the rows of each key lie in the order of their times, remembered from the first look on.

What a record adds or removes is undone through the journal, in which this stands as a container of row keys. Knows
nothing of values or disks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeAlias

from streamapp.engine.ordered import LAST_TIME
from streamapp.engine.store import MISSING, Undo

At: TypeAlias = tuple[int, ...]
"""The times in a row's key."""

Place: TypeAlias = tuple[At, bytes]
"""A row's times and its key."""


class Places:
    """The places of the rows of at most about `limit` keys and rows, and always of those changed since the commit.

    `load` gives the places of a key's rows as they are, given those that have been added since the last commit.
    A row's key is `prefix` and times of `width` bytes, which `unpack` reads.
    """

    def __init__(
        self,
        load: Callable[[bytes, Sequence[bytes]], list[Place]],
        unpack: Callable[[bytes, int], At],
        width: int,
        limit: int,
    ) -> None:
        self._load, self._unpack, self._width, self._limit = load, unpack, width, limit
        self._known: dict[bytes, list[Place]] = {}
        self._recent: dict[bytes, list[bytes]] = {}
        """Rows that were added to keys nobody has looked for yet; some may be gone again."""
        self._note: Callable[[tuple[Any, Any, Any]], None] = _forget

    def bind(self, journal: Undo) -> None:
        """Notes changes in `journal` from now on."""
        self._note = journal.append

    def between(self, prefix: bytes, earliest: int, latest: int) -> list[Place]:
        """The places of a key's rows from the time `earliest` to `latest`, in order."""
        places = self._known.get(prefix)
        if places is None:
            places = self._known[prefix] = self._load(prefix, self._recent.pop(prefix, ()))
        if not places:
            return places
        first = 0 if places[0][0][0] >= earliest else bisect_left(places, ((earliest,),))
        if latest >= LAST_TIME or places[-1][0][0] <= latest:
            return places[first:]
        return places[first : bisect_left(places, ((latest + 1,),))]

    def add(self, prefix: bytes, at: At, row_key: bytes) -> None:
        """A row is there."""
        if self._insert(prefix, at, row_key):
            self._note((self, row_key, MISSING))

    def remove(self, prefix: bytes, at: At, row_key: bytes) -> None:
        """A row is gone."""
        if self._delete(prefix, at, row_key):
            self._note((self, row_key, None))

    def _insert(self, prefix: bytes, at: At, row_key: bytes) -> bool:
        """Whether that may have changed something."""
        places = self._known.get(prefix)
        if places is None:
            self._recent.setdefault(prefix, []).append(row_key)
            return True
        place = (at, row_key)
        index = len(places) if not places or places[-1] < place else bisect_left(places, place)
        if index < len(places) and places[index] == place:
            return False
        places.insert(index, place)
        return True

    def _delete(self, prefix: bytes, at: At, row_key: bytes) -> bool:
        """Whether that may have changed something."""
        places = self._known.get(prefix)
        if places is None:
            return True
        place = (at, row_key)
        index = bisect_left(places, place)
        if index == len(places) or places[index] != place:
            return False
        del places[index]
        return True

    def pop(self, row_key: bytes, default: None) -> None:
        """The journal takes back that a row was added."""
        split = len(row_key) - self._width
        self._delete(row_key[:split], self._unpack(row_key, split), row_key)

    def __setitem__(self, row_key: bytes, old: None) -> None:
        """The journal takes back that a row was removed."""
        split = len(row_key) - self._width
        self._insert(row_key[:split], self._unpack(row_key, split), row_key)

    def settle(self) -> None:
        """What was added is committed, and there may be too much to remember."""
        self._recent.clear()
        surplus = len(self._known) - self._limit
        for prefix in list(islice(self._known, max(0, surplus))):
            del self._known[prefix]

    def clear(self) -> None:
        """Rows have changed without a word: forgets everything."""
        self._known.clear()
        self._recent.clear()


def _forget(change: tuple[Any, Any, Any]) -> None:
    """Where changes are noted while no journal is bound."""
