"""Keys of a dict in sorted order, sorted only when somebody asks. Knows nothing of what the keys stand for."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection

_FEW = 16
"""New keys up to which inserting each is cheaper than sorting all."""


class SortedKeys:
    """The order of the keys of `live`, whose owner tells of each new key, and need not tell of one that is gone."""

    __slots__ = ("_fresh", "_keys", "_live", "add")

    def __init__(self, live: Collection[bytes]) -> None:
        self._live = live
        self._keys: list[bytes] = []
        self._fresh: list[bytes] = []
        self.add = self._fresh.append
        """Tells of a key that `live` has got; twice does no harm."""

    def clear(self) -> None:
        """`live` is empty."""
        self._keys.clear()
        self._fresh.clear()

    def seek(self, key: bytes) -> bytes | None:
        """The first live key at or after `key`."""
        keys = self._settled()
        for index in range(bisect_left(keys, key), len(keys)):
            if keys[index] in self._live:
                return keys[index]
        return None

    def between(self, start: bytes, end: bytes | None) -> list[bytes]:
        """The live keys with start <= key < end, sorted."""
        keys = self._settled()
        last = len(keys) if end is None else bisect_left(keys, end)
        return [key for key in keys[bisect_left(keys, start) : last] if key in self._live]

    def _has(self, key: bytes) -> bool:
        index = bisect_left(self._keys, key)
        return index < len(self._keys) and self._keys[index] == key

    def _settled(self) -> list[bytes]:
        keys, fresh = self._keys, self._fresh
        if len(keys) + len(fresh) > 2 * len(self._live) + 64:
            keys[:] = sorted(self._live)
        elif len(fresh) > _FEW:
            keys += sorted(key for key in set(fresh) if not self._has(key))
            keys.sort()  # two sorted runs are merged in one go
        else:
            for key in fresh:
                index = bisect_left(keys, key)
                if index == len(keys) or keys[index] != key:
                    insort(keys, key, index)
        fresh.clear()
        return keys
