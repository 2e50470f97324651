"""What was written compared with what would be written now, by topic and key. Knows nothing of logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

Value = bytes | None


class Difference(NamedTuple):
    """A key whose records differ: those that only one side has, in their order."""

    topic: str
    key: Value
    recorded: list[Value]
    computed: list[Value]


class Comparison:
    """Records of both sides; of a topic for which `last` is true, only the last record of each key counts.

    The order of a key's records is not compared: it may depend on when which task was at work.
    """

    def __init__(self, last: Callable[[str], bool]) -> None:
        self._last = last
        self._recorded: dict[tuple[str, Value], list[Value]] = {}
        self._computed: dict[tuple[str, Value], list[Value]] = {}

    def record(self, topic: str, key: Value, value: Value) -> None:
        """A record there is."""
        self._add(self._recorded, topic, key, value)

    def compute(self, topic: str, key: Value, value: Value) -> None:
        """A record there would be."""
        self._add(self._computed, topic, key, value)

    def _add(self, side: dict[tuple[str, Value], list[Value]], topic: str, key: Value, value: Value) -> None:
        values = side.setdefault((topic, key), [])
        if self._last(topic):
            values.clear()
        values.append(value)

    @property
    def compared(self) -> int:
        """How many keys of topics there are on either side."""
        return len(self._recorded.keys() | self._computed.keys())

    def different(self) -> Iterator[Difference]:
        """The keys that differ, in the order in which they came first."""
        for topic, key in self._recorded | self._computed:
            recorded, computed = self._recorded.get((topic, key), []), self._computed.get((topic, key), [])
            if recorded != computed:
                less, more = _left(recorded, computed), _left(computed, recorded)
                if less or more:
                    yield Difference(topic, key, less, more)


def _left(values: list[Value], others: list[Value]) -> list[Value]:
    """The values without as many as the others have of each."""
    counts, left = Counter(others), []
    for value in values:
        if counts[value]:
            counts[value] -= 1
        else:
            left.append(value)
    return left
