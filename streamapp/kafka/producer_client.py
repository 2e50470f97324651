"""aiokafka's producer with our sender in it: takes batches of ours, knows when it is unsound, stops without waiting.

Knows nothing of what is in a batch or when a transaction begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.producer.transaction_manager import TransactionManager, TransactionState

from streamapp.kafka.batches import Batch
from streamapp.kafka.errors import TopicPartition as At
from streamapp.kafka.handlers import SUPERSEDED
from streamapp.kafka.producer_requests import ResumeProducerRequest
from streamapp.kafka.sender import BatchSender

_MAX_SEQUENCE = 2**31 - 1

_CLOSING = 2.0
"""Seconds connections may take to send what they hold; to a broker that hangs they would take for ever."""


class SequencedManager(TransactionManager):
    """Counts the records of each partition as Kafka does, so that 2³¹ of them are not the end."""

    def increment_sequence_number(self, tp: TopicPartition, increment: int) -> None:
        """Goes on by `increment`; after 2³¹ - 1 comes 0 (`DefaultRecordBatch.incrementSequence`)."""
        self._sequence_numbers[tp] = (self._sequence_numbers[tp] + increment) & _MAX_SEQUENCE


class ProducerClient(AIOKafkaProducer):
    """An idempotent producer, `acks=all`; times in seconds.

    `failure` is the first error after which it must not be used any more: sequence numbers have a gap, or its next
    commit would publish what was to be aborted.
    """

    _sender: Any
    _txn_manager: Any
    _closed: Any

    def __init__(
        self,
        options: Mapping[str, Any],
        *,
        transactional_id: str | None,
        transaction_timeout: float,
        request_timeout: float,
        delivery_timeout: float,
    ) -> None:
        super().__init__(
            **options,
            enable_idempotence=True,
            acks="all",
            transactional_id=transactional_id,
            transaction_timeout_ms=int(transaction_timeout * 1000),
            request_timeout_ms=int(request_timeout * 1000),
        )
        self.failure: BaseException | None = None
        stock, accumulator = self._sender, self._message_accumulator
        manager = SequencedManager(self._txn_manager.transactional_id, self._txn_manager.transaction_timeout_ms)
        self._txn_manager = accumulator._txn_manager = manager
        accumulator._batch_ttl = delivery_timeout
        self._sender = BatchSender(
            self.client,
            acks=stock._acks,
            txn_manager=manager,
            message_accumulator=accumulator,
            retry_backoff_ms=int(stock._retry_backoff * 1000),
            request_timeout_ms=stock._request_timeout_ms,
            **({"linger_ms": 0} if hasattr(stock, "_linger_time") else {}),  # aiokafka 0.13 has it here
        )

    @property
    def sender(self) -> BatchSender:
        """Its background task."""
        sender: BatchSender = self._sender
        return sender

    @property
    def manager(self) -> SequencedManager:
        """Its transaction's state."""
        manager: SequencedManager = self._txn_manager
        return manager

    @property
    def broken(self) -> bool:
        """Whether it must not be used any more."""
        ended = self.sender.sender_task is None or self.sender.sender_task.done()
        failed = self.manager.state in {TransactionState.ABORTABLE_ERROR, TransactionState.FATAL_ERROR}
        return self.failure is not None or ended or failed

    @property
    def reason(self) -> BaseException | None:
        """Why it must not be used any more, when that is known."""
        ends = (self.sender.sender_task, self.manager._transaction_waiter)
        known = [end.exception() for end in ends if end is not None and end.done() and not end.cancelled()]
        return next((error for error in (self.failure, *known) if error is not None), None)

    @property
    def busy(self) -> bool:
        """Whether a batch is not acknowledged yet."""
        accumulator = self._message_accumulator
        return bool(accumulator._batches) or any(not batch.future.done() for batch in accumulator._pending_batches)

    def enqueue(self, batch: Batch, at: At) -> asyncio.Future[Any]:
        """Puts a batch behind those of its partition; the future has its base offset, or why it was not written.

        In a transaction only between its begin and its end; the topic must be known. Unlike `send_batch` it does not
        wait for the batch before.
        """
        future: asyncio.Future[Any] = self._message_accumulator._append_batch(batch, TopicPartition(*at)).future
        future.add_done_callback(self._note)
        return future

    def _note(self, future: asyncio.Future[Any]) -> None:
        error = future.exception()
        if error is not None and self.failure is None:
            self.failure = error

    async def resume(self) -> bool:
        """Ends the transaction that is open at the broker; False when a newer producer has taken our place (KIP-360).

        Asks until somebody answers. This client cannot be used afterwards.
        """
        manager, sender = self.manager, self.sender
        request = ResumeProducerRequest(
            manager.transactional_id, manager.transaction_timeout_ms, (manager.producer_id, manager.producer_epoch)
        )
        while True:
            node = await sender._find_coordinator(CoordinationType.TRANSACTION, manager.transactional_id)
            try:
                answer = await self.client.send(node, request, group=ConnectionGroup.COORDINATION)
            except kafka.KafkaError as error:
                if not error.retriable:
                    raise
                sender._coordinator_dead(CoordinationType.TRANSACTION)
            else:
                if answer.error_code == 0:
                    return True
                if answer.error_code in SUPERSEDED:
                    return False
                sender._coordinator_dead(CoordinationType.TRANSACTION)
            await asyncio.sleep(sender._retry_backoff)

    async def stop(self) -> None:
        """Closes the connections; what is not acknowledged yet fails, nothing is waited for."""
        if self._closed:
            return
        self._closed = True
        await self.sender.close()
        self.sender.abandon(kafka.ProducerClosed())
        transports = [conn._writer.transport for conn in self.client._conns.values() if conn._writer is not None]
        try:
            async with asyncio.timeout(_CLOSING):
                await self.client.close()
        except TimeoutError:
            for transport in transports:
                transport.abort()
