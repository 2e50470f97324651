"""Timestamps that an author's function takes from records (Kafka's TimestampExtractor).

They decide which partition's record is next, so they are found before records are queued. A record whose function
fails keeps its own timestamp and fails when it is processed; one for which there is no time is dropped and counted
then. Knows nothing of queues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamapp.engine.operator import Context
from streamapp.engine.records import Row
from streamapp.engine.specs import SourceSpec, SubTopology


class Stamps:
    """The timestamps of one topic."""

    def __init__(self, source: SourceSpec, drop: Callable[[], None]) -> None:
        self._source, self._drop = source, drop
        self._refused: dict[int, Exception | None] = {}
        """By offset, why a record that waits has no timestamp; None: the function gave none."""

    def stamp(self, rows: Sequence[Row]) -> list[Row]:
        """The records with their timestamps."""
        return [self._stamped(row) for row in rows]

    def accepts(self, row: Row) -> bool:
        """Whether the record has a timestamp; raises what its function has raised."""
        if row[0] not in self._refused:
            return True
        error = self._refused.pop(row[0])
        if error is not None:
            raise error
        self._drop()
        return False

    def _stamped(self, row: Row) -> Row:
        offset, _, key, value, headers = row
        self._refused.pop(offset, None)  # it may have been here before, and undone
        try:
            time = self._time(key, value)
        except Exception as error:  # noqa: BLE001 - the author's code and codecs may raise anything
            self._refused[offset] = error
            return row
        if time is None or time < 0:
            self._refused[offset] = None
            return row
        return offset, time, key, value, headers

    def _time(self, key: bytes | None, value: bytes | None) -> int | None:
        source, extractor = self._source, self._source.extractor
        assert extractor is not None  # noqa: S101 - tells mypy: there are stamps only where there is one
        decoded = None if value is None else source.value.decode(value)
        arguments: tuple[Any, ...] = (decoded,)
        if extractor.with_key:
            arguments = (None if key is None else source.key.decode(key), decoded)
        time: int | None = extractor.call(*arguments)
        return time


def stamps_of(subtopology: SubTopology, context: Context) -> Mapping[str, Stamps]:
    """By topic, for those whose records get other timestamps."""
    return {
        source.topic: Stamps(source, context.counting(context.dropped, source.topic))
        for source in subtopology.sources
        if source.extractor is not None
    }
