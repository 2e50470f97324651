"""The input, made from a seed: every event has a sequence number. Knows nothing of Kafka."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from tests.chaos.pipeline import Event, Total

MINUTE = 60_000
START = 1_600_000_000_000
"""Time of the first event (ms); they are `STEP` apart, so that windows close while events come."""
STEP = 100
"""Between two events (ms)."""

Window = tuple[str, int]
"""A group and the start of a minute (ms)."""


K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it is put on the topic; `key` None and bytes that are no event are poison."""

    key: bytes | None
    value: bytes
    timestamp: int
    headers: tuple[tuple[str, bytes], ...] = ()


class Input:
    """The events of a seed, over so many keys and groups; `good` lists those taken so far."""

    def __init__(self, seed: int, keys: int = 200, groups: int = 50) -> None:
        self.random = random.Random(seed)
        self.start = START
        self.good: list[Event] = []
        self._keys: list[str] = []
        self._counts = keys, groups

    def take(self, count: int, length: int = 0) -> Iterator[Sent]:
        """The next events."""
        keys, groups = self._counts
        for _ in range(count):
            sequence = len(self.good)
            event = Event(f"group-{self.random.randrange(groups)}", sequence, length)
            key = f"key-{self.random.randrange(keys)}"
            self.good.append(event)
            self._keys.append(key)
            yield Sent(key.encode(), msgspec.json.encode(event), self.start + sequence * STEP)

    @property
    def sequences(self) -> range:
        """What must have gone through, each once."""
        return range(len(self.good))

    def keyed(self) -> Iterator[tuple[str, Event]]:
        """The events with their keys."""
        return zip(self._keys, self.good, strict=True)

    def totals(self) -> dict[str, Total]:
        """The right final table of totals, counted plainly."""
        return _sum(self.keyed())

    def per_group(self) -> dict[Window, Total]:
        """The right final table of windows."""
        return _sum(((event.group, self.minute_of(event)), event) for event in self.good)

    def minute_of(self, event: Event) -> int:
        """The start of the event's window (ms)."""
        time = self.start + event.sequence * STEP
        return time - time % MINUTE


def _sum(pairs: Iterable[tuple[K, Event]]) -> dict[K, Total]:
    sums: dict[K, tuple[int, int]] = {}
    for key, event in pairs:
        count, checksum = sums.get(key, (0, 0))
        sums[key] = count + 1, checksum + event.sequence
    return {key: Total(*sums[key]) for key in sums}
