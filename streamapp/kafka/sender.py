"""The background task of a producer: aiokafka's, where it differs.

It survives broken connections, ends at once when it is told to, and knows whether the end of a transaction is in doubt.
Knows nothing of what is in a batch or when a transaction begins.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import errors as kafka
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.producer.sender import Sender

from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.handlers import EndHandler, MemberOffsetsHandler, ProduceHandler


class BatchSender(Sender):
    """The task that sends; `in_doubt` says that an end of the transaction was sent and its outcome is not known.

    `owed` counts the requests about offsets and ends that were never answered, though asking again may have been.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.member: GroupMetadata | None = None
        self.in_doubt = False
        self.owed = 0
        self._running: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Ends the task and every request it waits for; nothing is sent after it returns."""
        while True:
            alive = {task for task in (self._sender_task, *self._running) if task is not None and not task.done()}
            if not alive:
                return
            for task in alive:
                task.cancel()
            await asyncio.wait(alive, timeout=0.1)  # a request that had not begun yet is found the next time

    def abandon(self, error: BaseException) -> None:
        """Fails every batch that is not acknowledged."""
        accumulator = self._message_accumulator
        for batch in (batch for batches in accumulator._batches.values() for batch in batches):
            batch.drain_ready()  # nobody waits for it: an error there would be reported as never retrieved
        accumulator.fail_all(error)
        waiter = self._txn_manager._transaction_waiter
        if waiter is not None and waiter.done() and not waiter.cancelled():
            waiter.exception()

    def _fail_all(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.abandon(error)
        if self._txn_manager._transaction_waiter is not None:  # without transactions there is none, and stock trips
            self._txn_manager.fatal_error(error)

    async def _find_coordinator(self, coordinator_type: CoordinationType, coordinator_key: str) -> Any:
        """Looks until it is found: a broken connection ends the stock sender."""
        while True:
            try:
                return await super()._find_coordinator(coordinator_type, coordinator_key)
            except kafka.KafkaError as error:
                if not (error.retriable or getattr(error.__cause__, "retriable", False)):
                    raise
                await asyncio.sleep(self._retry_backoff)

    def _maybe_do_transactional_request(self) -> asyncio.Task[Any] | None:
        task: asyncio.Task[Any] | None = super()._maybe_do_transactional_request()
        if task is not None:
            self._track(task)
        return task

    def _track(self, task: asyncio.Task[Any]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send_produce_req(self, node_id: int, batches: Any) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._track(task)
        await ProduceHandler(self, batches).do(node_id)
        self._in_flight.remove(node_id)
        for at in batches:
            self._muted_partitions.remove(at)

    async def _do_txn_offset_commit(self, offsets: Any, group_id: str) -> None:
        try:
            node_id = await self._find_coordinator(CoordinationType.GROUP, group_id)
        except kafka.GroupAuthorizationFailedError as error:
            self._txn_manager.error_transaction(error)
            return
        await MemberOffsetsHandler(self, offsets, group_id).do(node_id)

    async def _do_txn_commit(self, commit_result: Any) -> None:
        await self._message_accumulator.flush_for_commit()
        manager = self._txn_manager
        if manager.is_empty_transaction():
            manager.complete_transaction()
            return
        node_id = await self._find_coordinator(CoordinationType.TRANSACTION, manager.transactional_id)
        if await self.client.ready(node_id, group=ConnectionGroup.COORDINATION):
            await EndHandler(self, commit_result).do(node_id)
        else:
            self._coordinator_dead(CoordinationType.TRANSACTION)
            await asyncio.sleep(self._retry_backoff)
