"""A fetcher that hands over everything it has fetched of a partition at once, and never picks a position itself.

It goes on fetching in the background while the caller works on what it took. Knows nothing of groups.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from typing import Any

from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, FetchResult
from aiokafka.errors import CorruptRecordException

from streamapp.kafka.errors import CorruptRecordError, TopicPartition
from streamapp.kafka.records import Fetched, visible_batches

logger = logging.getLogger(__name__)

_IDLE_WAIT = 200
"""Milliseconds a broker may hold a fetch that finds nothing: other requests to it queue up behind."""

_SIDE_WAIT = 20
"""The same while something fetched waits for the caller, whose partition can only be asked for in the next fetch."""

_METADATA_PAUSE = 0.25
"""Seconds between two questions for the leader of a partition that has none."""

_FAILED_PAUSE = 250
"""Milliseconds between a fetch that failed and the next: a leader or broker that is gone is not back at once."""

_DAMAGED = 3
"""Times a batch that fails its checksum is fetched before that is an error: the damage may be on the wire."""


class BatchFetcher(Fetcher):
    """Fetches every assigned partition that was given a position by `seek_to`, one response ahead of the caller."""

    def __init__(self, client: Any, subscription: Any, isolation_level: str) -> None:
        self._damaged: dict[TopicPartition, int] = {}
        self._metadata_asked = 0.0
        super().__init__(
            client,
            subscription,
            isolation_level=isolation_level,
            auto_offset_reset="none",
            prefetch_backoff=_SIDE_WAIT / 1000,
            retry_backoff_ms=_FAILED_PAUSE,
        )

    async def take(self, partitions: Collection[TopicPartition], timeout: float) -> dict[TopicPartition, Fetched]:
        """Everything fetched of `partitions`; waits up to `timeout` seconds for the first of it.

        Raises what the broker or the group's coordinator said when there is nothing to hand over.
        """
        deadline = time.monotonic() + timeout
        while not self._closed:
            if self._fetch_task.done():
                self._fetch_task.result()
            found = {} if self._subscriptions.reassignment_in_progress else self._take_now(partitions)
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            waiter = self._create_fetch_waiter()
            try:
                if waiter in (await asyncio.wait([waiter], timeout=left))[0]:
                    waiter.result()
            finally:
                waiter.cancel()
        return {}

    async def close(self) -> None:
        """Ends all that runs and wakes who waits; the stock method is cancelled itself by a fetch that pauses."""
        self._closed = True
        running = [self._fetch_task, *self._pending_tasks]
        for task in running:
            task.cancel()
        for waiter in self._fetch_waiters:
            self._notify(waiter)
        await asyncio.wait(running)

    def end(self, at: TopicPartition) -> int | None:
        """Where the log ends for a reader of our isolation level, as of the last fetch; None before the first."""
        subscription = self._subscriptions.subscription
        assignment = None if subscription is None else subscription.assignment
        state = None if assignment is None else assignment.state_value(at)
        if state is None:
            return None
        end: int | None = state.lso if self._isolation_level == READ_COMMITTED else state.highwater
        return end

    def _take_now(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Fetched]:
        found: dict[TopicPartition, Fetched] = {}
        for at in partitions:
            result = self._records.get(at)
            if result is None or (found and not isinstance(result, FetchResult)):
                continue  # an error waits until what was read before it is taken
            del self._records[at]
            self._notify(self._wait_consume_future)  # the next fetch may include this partition
            if not isinstance(result, FetchResult):
                result.check_raise()
            try:
                fetched = self._hand_over(at, result)
            except CorruptRecordError:
                if not found:
                    raise
                continue  # fetched and refused again by the next call
            if fetched is not None:
                found[at] = fetched
        return found

    def _hand_over(self, at: TopicPartition, result: FetchResult) -> Fetched | None:
        """Moves the position behind what was fetched; None when a seek or a pause has overtaken it."""
        if not result.check_assignment(result._topic_partition):
            return None
        records = result._partition_records
        start = records.next_fetch_offset
        try:
            batches = visible_batches(records)
        except CorruptRecordException as error:
            self._fetch_damaged_again(at, start, error)
            return None
        self._damaged.pop(at, None)
        result._update_position()
        return Fetched(at, start, records.next_fetch_offset, self.end(at), batches)

    def _fetch_damaged_again(self, at: TopicPartition, offset: int, error: CorruptRecordException) -> None:
        times = self._damaged[at] = self._damaged.get(at, 0) + 1
        if times >= _DAMAGED:
            raise CorruptRecordError(
                f"topic {at[0]!r} partition {at[1]}: the batch at offset {offset} failed its checksum {times} times "
                f"({error}): restore the topic from a replica, or commit an offset behind it to go on without it"
            ) from error
        logger.warning("topic %r partition %d: damaged batch at offset %d, fetched again", *at, offset)

    def _get_actions_per_node(self, assignment: Any) -> Any:
        """What to ask of whom, without positions of the library's own choice and without haste for lost leaders."""
        self._fetch_max_wait_ms = _SIDE_WAIT if self._records else _IDLE_WAIT
        fetches, _resets, timeout, leaderless, resumed = super()._get_actions_per_node(assignment)
        now = time.monotonic()
        if leaderless and now - self._metadata_asked < _METADATA_PAUSE:
            return fetches, {}, _METADATA_PAUSE, False, resumed
        if leaderless:
            self._metadata_asked = now
        return fetches, {}, timeout, leaderless, resumed
