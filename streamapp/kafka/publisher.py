"""Single records with the broker's answer, for services: idempotent, acknowledged by every in-sync replica.

Knows nothing of what is in a record. For many records at once there is `writer`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from streamapp.errors import ConfigurationError, KafkaUnavailableError, NotFoundError, StreamappError
from streamapp.kafka.connection import Address, address_of, until_connected

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
            enable_idempotence=True,
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
    ) -> None:
        """Returns when every in-sync replica has the record; `timestamp` in ms.

        Raises `NotFoundError` for a topic that does not exist, `ConfigurationError` for a record larger than
        it takes, `KafkaUnavailableError` when no answer came in 10 s: then it may or may not have been
        written.
        """
        await self._find(topic)
        try:
            future = await self._producer.send(
                topic, value=value, key=key, headers=list(headers), timestamp_ms=timestamp
            )
            await future
        except MessageSizeTooLargeError as error:
            size = len(key or b"") + len(value or b"")
            raise ConfigurationError(
                f"a record of {size} bytes is more than topic {topic!r} takes: raise its max.message.bytes"
            ) from error
        except KafkaError as error:
            raise KafkaUnavailableError(
                f"no Kafka broker at {self._address} has confirmed a record for topic {topic!r}: {error!r}"
            ) from error

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
