"""What the topic behind a sink accepts, so that a result it would refuse fails its own record and nothing else.

The sizes are those of a record batch with this one record, uncompressed; the times are Kafka's bounds around its clock
(`message.timestamp.before.max.ms` and `after.max.ms`). Knows nothing of where the numbers come from.
"""

from __future__ import annotations

from streamapp.engine.records import Headers
from streamapp.errors import OutputRefusedError

_BATCH = 61
"""Bytes before the first record of a batch (message format 2)."""

_FRAME = 30
"""At least the bytes that frame a record without headers."""

ANY_TIME = 2**63 - 1
"""A bound (ms) that bounds nothing."""


class Limits:
    """What `topic` accepts: `size` bytes a batch, stamps `before` ms ago to `after` ms ahead; `keyed`: no null key.

    `partitions` is how many it has. `advance` tells the time; until then every stamp is accepted.
    """

    __slots__ = ("_after", "_before", "_room", "earliest", "keyed", "latest", "partitions", "size", "topic")

    def __init__(
        self, topic: str, partitions: int, size: int, *, before: int = ANY_TIME, after: int = ANY_TIME, keyed: bool
    ) -> None:
        self.topic, self.partitions, self.size, self.keyed = topic, partitions, size, keyed
        self._before, self._after = before, after
        self._room = size - _BATCH - _FRAME
        self.earliest, self.latest = -ANY_TIME, ANY_TIME

    def advance(self, now: int) -> None:
        """Moves the bounds to `now` (ms)."""
        self.earliest, self.latest = now - self._before, now + self._after

    def check(self, timestamp: int, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Raises `OutputRefusedError`, naming topic, value and option, for a record the topic would refuse."""
        size = 0 if value is None else len(value)
        if key is not None:
            size += len(key)
        elif self.keyed:
            raise OutputRefusedError(
                f"topic {self.topic!r} is compacted and takes no record without a key: give it one, or filter it out"
            )
        if headers or size > self._room:
            self._check_size(key, value, headers)
        if not self.earliest <= timestamp <= self.latest:
            self._refuse_time(timestamp)

    def _check_size(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        size = batch_size(key, value, headers)
        if size > self.size:
            raise OutputRefusedError(
                f"a record of {size} bytes is more than topic {self.topic!r} takes ({self.size}): make it smaller, or "
                "raise the topic's max.message.bytes"
            )

    def _refuse_time(self, timestamp: int) -> None:
        bound, option = (self.latest, "after") if timestamp > self.latest else (self.earliest, "before")
        raise OutputRefusedError(
            f"topic {self.topic!r} takes no record with timestamp {timestamp} ms, its bound is {bound} ms now: correct "
            f"the record's time, or raise the topic's message.timestamp.{option}.max.ms"
        )


def batch_size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """The bytes of a batch that holds one record."""
    body = 3 + _field(key) + _field(value) + _varint(len(headers))  # attributes, time and offset deltas of the first
    for name, data in headers:
        body += _field(name.encode()) + _field(data)
    return _BATCH + _varint(body) + body


def _field(data: bytes | None) -> int:
    return 1 if data is None else _varint(len(data)) + len(data)


def _varint(number: int) -> int:
    """The bytes of a positive number in zigzag encoding."""
    return max(1, ((2 * number).bit_length() + 6) // 7)
