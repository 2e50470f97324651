"""Single records with the broker's answer, for services: acknowledged by every in-sync replica, or given up.

An idempotent client of aiokafka never gives up: it would write a record long after somebody was told that it could not
be written. So this one is not, and a record whose acknowledgement was lost may be there twice, as the same event.

What was written can be read again, for a service that must know what it has answered before. Knows nothing of what is
in a record. For many records at once there is `writer`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from streamapp.errors import ConfigurationError, KafkaUnavailableError, NotFoundError, StreamappError
from streamapp.kafka.connection import Address, address_of, until_connected

Row: TypeAlias = tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]
"""Partition, offset, key, value and headers of a record."""

_ANSWER = 10.0
"""Seconds a record may take until it is acknowledged."""

_LOOKUP = 3.0
"""Seconds a topic may take to be found; aiokafka itself would look for as long as a record may take."""


class RecordPublisher:
    """Sends records one by one, many at a time; `async with` connects and, at the end, waits for answers.

    Raises `KafkaUnavailableError` when no broker answers.
    """

    def __init__(self, address: Address) -> None:
        self._address = address_of(address)
        self._producer = AIOKafkaProducer(
            **self._address.options,
            acks="all",
            request_timeout_ms=int(_ANSWER * 1000),
        )
        self._topics: set[str] = set()

    async def __aenter__(self) -> RecordPublisher:
        try:
            await until_connected(self._producer.start, self._address, fail_fast=True)
        except StreamappError:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        timestamp: int,
    ) -> tuple[int, int]:
        """Gives partition and offset, once every in-sync replica has the record; `timestamp` in ms.

        Raises `NotFoundError` for a topic that does not exist, `ConfigurationError` for a record larger than
        it takes, `KafkaUnavailableError` when no answer came in 10 s: then it may or may not have been
        written.
        """
        await self._find(topic)
        try:
            future = await self._producer.send(
                topic, value=value, key=key, headers=list(headers), timestamp_ms=timestamp
            )
            written = await future
        except MessageSizeTooLargeError as error:
            size = len(key or b"") + len(value or b"")
            raise ConfigurationError(
                f"a record of {size} bytes is more than topic {topic!r} takes: raise its max.message.bytes"
            ) from error
        except KafkaError as error:
            raise KafkaUnavailableError(
                f"no Kafka broker at {self._address} has confirmed a record for topic {topic!r}: {error!r}"
            ) from error
        return written.partition, written.offset

    async def read(self, topic: str, since: int) -> AsyncIterator[Row]:
        """The committed records stamped `since` (ms) or later, up to where the topic ends now.

        Raises `NotFoundError` for a topic that does not exist, `KafkaUnavailableError` when no broker answers.
        """
        await self._find(topic)
        numbers = await self._producer.partitions_for(topic)
        reader = AIOKafkaConsumer(**self._address.options, enable_auto_commit=False, isolation_level="read_committed")
        await until_connected(reader.start, self._address, fail_fast=True)
        try:
            async for row in _read(reader, [TopicPartition(topic, number) for number in numbers], since):
                yield row
        except KafkaError as error:
            raise KafkaUnavailableError(
                f"no Kafka broker at {self._address} has given all records of topic {topic!r}: {error!r}"
            ) from error
        finally:
            await reader.stop()

    async def _find(self, topic: str) -> None:
        if topic in self._topics:
            return
        try:
            async with asyncio.timeout(_LOOKUP):
                await self._producer.partitions_for(topic)
        except (TimeoutError, UnknownTopicOrPartitionError) as error:
            raise NotFoundError(
                f"topic {topic!r} is not at {self._address}: make it with 'streamapp topics create {topic}'"
            ) from error
        self._topics.add(topic)


async def _read(reader: AIOKafkaConsumer, partitions: list[TopicPartition], since: int) -> AsyncIterator[Row]:
    reader.assign(partitions)
    ends = await reader.end_offsets(partitions)
    starts = await reader.offsets_for_times(dict.fromkeys(partitions, since))
    for at in partitions:
        first = starts[at]
        reader.seek(at, ends[at] if first is None else first.offset)
    left = {at for at in partitions if starts[at] is not None and starts[at].offset < ends[at]}
    while left:
        for at, records in (await reader.getmany(*left, timeout_ms=500)).items():
            for one in records:
                if one.offset < ends[at]:
                    yield at.partition, one.offset, one.key, one.value, tuple(one.headers)
        left = {at for at in left if await reader.position(at) < ends[at]}
