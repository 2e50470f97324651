"""Looks for the record whose results Kafka refuses, by committing fewer and fewer records at once.

What a topic would refuse for all that is known is found out while a record is processed (`streamapp.engine.limits`).
This is for the rest: a changelog's row that is too large, a topic whose options have changed since. Pure bookkeeping;
knows nothing of commits.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamapp.errors import StreamappError
from streamapp.kafka import RecordRefusedError, RecordTooLargeError

Place = tuple[tuple[int, int], str, int]
"""A record: its task, the engine's name of its topic, its offset."""

_OF_A_RECORD = {10, 18, 32, 87}
"""Kafka's error codes for batches that it refuses for a record in them: size, time, missing key; not permissions."""


class Culprit:
    """`size` is how many records may be in one commit while a culprit is looked for; None: as many as come."""

    def __init__(self, size: int) -> None:
        self.size: int | None = None
        self.refused: dict[Place, StreamappError] = {}
        """The culprits that were found and are not committed yet, with the reason."""
        self._usual = size
        self._last: Place | None = None
        self._since = 0

    def note(self, task: tuple[int, int], topic: str, offset: int, count: int) -> None:
        """Tells of a run of `count` records, the first at `offset`; 0: there is none, something else was due."""
        self._last = (task, topic, offset) if count else None
        self._since += count

    def narrow(self, error: StreamappError) -> bool:
        """Takes note that a commit was refused, which is undone; false when it was not for a record that is left."""
        if not is_of_record(error):
            return False
        done, self._since = self._since, 0
        if self.size != 1:
            self.size = max(1, min(self.size or self._usual, done) // 2)
            return True
        if self._last is None or self._last in self.refused:
            return False
        self.refused[self._last] = error
        return True

    def committed(self, positions: Mapping[tuple[tuple[int, int], str], int]) -> None:
        """Takes note that a commit succeeded, and of the next offset of each task's topics."""
        self._since = 0
        self.refused = {
            place: error for place, error in self.refused.items() if positions.get(place[:2], 0) <= place[2]
        }
        if self.size is not None and not self.refused:
            self.size = None if self.size * 2 > self._usual else self.size * 2


def is_of_record(error: StreamappError) -> bool:
    """Whether Kafka, or we in its place, refused a batch for a record in it."""
    code = getattr(error.__cause__, "errno", None)
    return isinstance(error, RecordTooLargeError) or (isinstance(error, RecordRefusedError) and code in _OF_A_RECORD)
