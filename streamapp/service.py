"""A web service that puts events on topics, such as a checkout, and what it publishes them with.

A service is a name and a function that builds an aiohttp application; `streamapp NAME` runs it as its own
process. Knows nothing of sockets, processes or the broker's protocol.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from streamapp.dsl.topic import Topic
from streamapp.errors import ConfigurationError

if TYPE_CHECKING:
    from aiohttp.web import Application

K = TypeVar("K")
V = TypeVar("V")

Headers = Sequence[tuple[str, bytes | None]]


StoredRow = tuple[int, int, bytes | None, bytes | None, Headers]
"""Partition, offset, key, value and headers of a record."""


class RecordSender(Protocol):
    """Sends records one by one, and reads what was sent; `streamapp.kafka.publisher` implements it."""

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, timestamp: int
    ) -> tuple[int, int]:
        """Gives partition and offset, once every in-sync replica has the record; `timestamp` in ms."""
        ...

    def read(self, topic: str, since: int) -> AsyncIterator[StoredRow]:
        """The committed records of a topic stamped `since` (ms) or later, up to its end at the call."""
        ...


class Place(NamedTuple):
    """Where a record stands: its position in the log."""

    topic: str
    partition: int
    offset: int


class Published(NamedTuple):
    """An event that is in the log."""

    id: str
    place: Place


class Recorded(NamedTuple):
    """An event as it was found in the log; headers that are not UTF-8 text are left out."""

    value: Any
    headers: Mapping[str, str]
    place: Place


class Publisher:
    """Publishes values as events: encoded by their topic's formats, with CloudEvents headers (binary mode).

    `source` is the service's name; `clock` gives the time in ms.
    """

    def __init__(self, sender: RecordSender, source: str, clock: Callable[[], int]) -> None:
        self._sender = sender
        self._source = source
        self._clock = clock

    async def publish(
        self,
        topic: Topic[K, V],
        key: K | None,
        value: V,
        *,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        timestamp: int | None = None,
        traceparent: str | None = None,
        event_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Published:
        """Publishes one event and gives its id and its place, once every in-sync replica has it.

        `timestamp` in ms, now when None. `correlation_id` is what every later event carries, the event's own
        id when None; `traceparent` (W3C Trace Context) is carried too, and made of the correlation id when None.
        `event_id` is a new one when None; `headers` are put behind those of the event.
        Raises `NotFoundError` when the topic does not exist, `KafkaUnavailableError` when no broker answers in
        time; then the event may or may not have been written.
        """
        from streamapp.formats import (
            codec_for,
        )  # late: a registry that names services must stay light to import

        event_id = event_id or str(uuid.uuid4())
        time = self._clock() if timestamp is None else timestamp
        key_bytes = None if key is None else codec_for(topic.key, topic.key_format).encode(key)
        value_bytes = codec_for(topic.value, topic.format).encode(value)
        fields = event_headers(
            event_id, type(value).__name__, self._source, time, correlation_id or event_id, causation_id, traceparent
        )
        more = tuple((name, text.encode()) for name, text in (headers or {}).items())
        partition, offset = await self._sender.send(topic.name, key_bytes, value_bytes, (*fields, *more), time)
        return Published(event_id, Place(topic.name, partition, offset))

    async def recorded(self, topic: Topic[K, V], since: int) -> AsyncIterator[Recorded]:
        """What was published to a topic from `since` (ms) until now, in the order of each partition.

        Records that cannot be decoded are left out. Raises `NotFoundError` and `KafkaUnavailableError` as `publish`.
        """
        from streamapp.formats import codec_for  # late, as above

        codec = codec_for(topic.value, topic.format)
        async for partition, offset, _, value, headers in self._sender.read(topic.name, since):
            try:
                decoded = None if value is None else codec.decode(value)
            except Exception:  # noqa: BLE001, S112 - others may have written anything there, which is not ours to judge
                continue
            yield Recorded(decoded, dict(_texts(headers)), Place(topic.name, partition, offset))

    @property
    def now(self) -> int:
        """The service's time in ms since the epoch."""
        return self._clock()


@dataclass(frozen=True, slots=True)
class Service:
    """A web service: `build` makes its application around the publisher it is given.

    Raises `ConfigurationError` for a name that cannot be typed as a command.
    """

    name: str
    build: Callable[[Publisher], Application]
    help: str = ""
    """One sentence for the command line; the docstring of `build` when empty."""

    def __post_init__(self) -> None:
        if not self.name or not all(part.isalnum() and part.islower() for part in self.name.split("-")):
            raise ConfigurationError(f"service name {self.name!r}: use lower-case words joined by '-'")

    @property
    def title(self) -> str:
        """What the command line says of it."""
        return self.help or (getattr(self.build, "__doc__", None) or "").strip().partition("\n")[0]


def _texts(headers: Headers) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        with suppress(UnicodeDecodeError):
            yield name, (value or b"").decode()


def event_headers(
    event_id: str,
    event_type: str,
    source: str,
    timestamp: int,
    correlation_id: str,
    causation_id: str | None,
    traceparent: str | None = None,
) -> tuple[tuple[str, bytes], ...]:
    """The CloudEvents headers of an event, in Kafka's binary mode; `timestamp` in ms."""
    fields: dict[str, Any] = {
        "ce_id": event_id,
        "ce_type": event_type,
        "ce_source": source,
        "ce_time": rfc3339(timestamp),
        "ce_specversion": "1.0",
        "ce_correlationid": correlation_id,
        "ce_causationid": causation_id,
        "traceparent": traceparent or traceparent_of(correlation_id, event_id),
    }
    return tuple((name, value.encode()) for name, value in fields.items() if value is not None)


def traceparent_of(correlation_id: str, event_id: str) -> str:
    """The `traceparent` of an event (W3C Trace Context, version 00): one trace for all that has a correlation id.

    The trace id is the correlation id itself where that is a UUID or a trace id, else made of it; the parent id is
    made of the event's id.
    """
    try:
        trace = uuid.UUID(correlation_id)
    except ValueError:
        trace = uuid.uuid5(uuid.NAMESPACE_URL, correlation_id)
    if not trace.int:  # the one that W3C forbids
        trace = uuid.uuid5(uuid.NAMESPACE_URL, correlation_id)
    return f"00-{trace.hex}-{uuid.uuid5(uuid.NAMESPACE_OID, event_id).hex[:16]}-01"


def rfc3339(timestamp: int) -> str:
    """`2010-12-01T08:26:00.000Z` for a time in ms since the epoch."""
    moment = datetime.fromtimestamp(timestamp // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{timestamp % 1000:03d}Z"
