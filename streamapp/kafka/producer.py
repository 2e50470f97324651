"""A producer of whole record batches: idempotent, acknowledged by every in-sync replica, with or without transactions.

It is replaced, not repaired: after an error that leaves it unsound it refuses all work, and a new one with the same
transactional id aborts what it left open. Knows nothing of records.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from aiokafka import errors as kafka

from streamapp.errors import StreamappError
from streamapp.kafka.batches import Batch
from streamapp.kafka.connection import Address, address_of, until_connected
from streamapp.kafka.errors import (
    DeliveryTimeoutError,
    RetriableKafkaError,
    TopicPartition,
    explain,
    refused,
)
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.producer_client import ProducerClient
from streamapp.kafka.transactions import Transactions, explain_failure

_REQUEST = 10.0
"""Seconds an answer to one request may take; then it is asked for again on a new connection."""
_CONNECTING = 30.0
"""Seconds a broker may take to give us an id: it first ends what our predecessor left open."""
_TRANSACTION = 60.0
"""Seconds a transaction may be open, as in Kafka, unless told otherwise."""
_DELIVERY = 120.0
"""Seconds a batch may take until it is acknowledged, as in Kafka; in a transaction no longer than this may be open."""


class BatchProducer:
    """A producer; with a `transactional_id` everything it writes is in transactions.

    `delivery_timeout`: seconds until a batch that is not acknowledged counts as failed, and a step of a transaction
    as unanswered; by default the transaction's timeout, or 120 s.
    """

    def __init__(
        self,
        *,
        bootstrap_servers: Address,
        transactional_id: str | None = None,
        transaction_timeout_ms: int | None = None,
        delivery_timeout: float | None = None,
    ) -> None:
        self._address = address_of(bootstrap_servers)
        self.transactional_id = transactional_id
        self._transaction_timeout = _TRANSACTION if transaction_timeout_ms is None else transaction_timeout_ms / 1000
        default = _DELIVERY if transactional_id is None else self._transaction_timeout
        self.delivery_timeout = default if delivery_timeout is None else delivery_timeout
        self._client: ProducerClient | None = None
        self._transactions: Transactions | None = None

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self, *, fail_fast: bool = False) -> None:
        """Connects, waiting for a broker as `until_connected` does.

        When it returns, a producer that had the same transactional id before is fenced and its open transaction is
        aborted.
        """
        await until_connected(self._connect, self._address, fail_fast=fail_fast)

    async def _connect(self) -> None:
        client = ProducerClient(
            self._address.options,
            transactional_id=self.transactional_id,
            transaction_timeout=self._transaction_timeout,
            request_timeout=_REQUEST,
            delivery_timeout=self.delivery_timeout,
        )
        try:
            async with asyncio.timeout(_CONNECTING):
                await client.start()
        except TimeoutError:
            await client.stop()
            raise kafka.NodeNotReadyError(f"no producer id within {_CONNECTING:.0f} s") from None
        except BaseException:
            await client.stop()
            raise
        self._client = client
        if self.transactional_id is not None:
            self._transactions = Transactions(client, self.delivery_timeout)

    async def stop(self) -> None:
        """Aborts an open transaction and closes the connections; within a few seconds, whatever the broker does.

        What is not flushed is lost.
        """
        client, transactions = self._client, self._transactions
        if client is None:
            return
        self._client = self._transactions = None
        try:
            await client.sender.close()
            if transactions is not None:
                await transactions.leave()
        finally:
            await client.stop()

    @property
    def needs_replacing(self) -> bool:
        """Whether this producer refuses all work, so that only a new one can go on."""
        return self._client is None or self._client.broken

    # -- transactions ----------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Opens a transaction; raises `RetriableKafkaError` when the producer must be replaced first."""
        await self._transactional.begin()

    async def send_offsets(self, member: GroupMetadata, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Adds a group's offsets and their metadata, by topic and partition, to the transaction (KIP-447).

        Raises `StaleMemberError`, `FencedError` or `RetriableKafkaError`; the transaction can only be aborted then.
        """
        await self._transactional.send_offsets(member, offsets)

    async def commit(self) -> None:
        """Makes everything since `begin` final.

        Raises `TransactionAbortedError` when none of it will ever be seen, `FencedError`, or `UnknownOutcomeError`.
        """
        await self._transactional.commit()

    async def abort(self) -> None:
        """Ends the transaction, if one is open, so that nothing of it will ever be seen; raises `FencedError`."""
        await self._transactional.abort()

    @property
    def _transactional(self) -> Transactions:
        if self._transactions is None:
            state = "stopped" if self.transactional_id else "without transactional_id"
            raise StreamappError(f"a producer that is {state} has no transactions")
        return self._transactions

    # -- batches ---------------------------------------------------------------------------------------------------

    async def find(self, at: TopicPartition) -> None:
        """Learns who leads a partition; raises `RetriableKafkaError` when the cluster does not know it."""
        client = self._sound("writing to", at)
        topic, partition = at
        try:
            known = await client.partitions_for(topic)
            if partition not in known:
                await client.client.force_metadata_update()
                known = await client.partitions_for(topic)
        except kafka.KafkaError as error:
            raise explain(error, f"writing to topic {topic!r}") from error
        if partition not in known:
            raise RetriableKafkaError(f"topic {topic!r} has no partition {partition}: it has {len(known)}")

    def send(self, batch: Batch, at: TopicPartition) -> asyncio.Future[Any]:
        """Queues a batch for a partition that was found; the future has its base offset, or the error.

        Raises `RetriableKafkaError` when the producer must be replaced, `StreamappError` outside a transaction.
        """
        client = self._sound("writing to", at)
        if self._transactions is not None and not self._transactions.open:
            raise StreamappError(f"writing to topic {at[0]!r}: no transaction is open: begin one first")
        return client.enqueue(batch, at)

    def _sound(self, doing: str, at: TopicPartition) -> ProducerClient:
        client = self._client
        if client is None or client.broken:
            reason = "is not started" if client is None else f"must be replaced after {client.reason!r}"
            raise RetriableKafkaError(f"{doing} topic {at[0]!r} partition {at[1]}: the producer {reason}")
        return client

    async def explain(self, error: BaseException, at: TopicPartition) -> StreamappError:
        """Why a batch was not written, as one of our errors; its sequence numbers are missing from now on."""
        self._fail(error)
        named = refused(error, at)
        if named is not None:
            return named
        doing = f"writing to topic {at[0]!r} partition {at[1]}"
        return explain(error, doing) if self._client is None else await explain_failure(self._client, error, doing)

    def give_up(self, at: TopicPartition, since: float) -> DeliveryTimeoutError:
        """The error for a batch that was queued at `since` (monotonic) and is not acknowledged: now it is too late."""
        error = DeliveryTimeoutError(
            f"topic {at[0]!r} partition {at[1]}: records were not acknowledged within "
            f"{time.monotonic() - since:.0f} s by the brokers at {self._address}"
        )
        self._fail(error)
        return error

    def _fail(self, error: BaseException) -> None:
        if self._client is not None and self._client.failure is None:
            self._client.failure = error
