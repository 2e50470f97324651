"""A producer and its writer, as `streamapp.kafka` has them, on a simulated cluster.

What fails, what can be tried again and what is raised follows `BatchProducer`, `Transactions` and `BatchWriter`.
Knows nothing of what is written.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamapp.errors import FencedError, StreamappError
from streamapp.kafka import RetriableKafkaError, UnknownOutcomeError
from streamapp.kafka.errors import DeliveryTimeoutError, TransactionAbortedError, commit_error
from streamapp.kafka.groups import GroupMetadata
from streamapp.testing.simulator.cluster import SimulatedCluster
from streamapp.testing.simulator.group import At, GroupError
from streamapp.testing.simulator.log import Written
from streamapp.testing.simulator.network import Caller, NoAnswerError
from streamapp.testing.simulator.plants import Plant
from streamapp.testing.simulator.transactions import (
    BusyError,
    FencedEpochError,
    Producer,
    SequenceError,
    StateError,
)

BATCH = 4
"""Records in a batch, after which it is sent without waiting for the commit."""

_AGAIN = 0.02
"""Seconds until what is busy is asked again."""


class SimulatedProducer:
    """A producer of `caller`; with a `name` it is transactional."""

    def __init__(
        self,
        cluster: SimulatedCluster,
        caller: Caller,
        name: str | None,
        timeout: float,
        plant: Plant | None,
    ) -> None:
        self._cluster = cluster
        self._caller = caller
        self._name = name
        self._timeout = timeout
        self._plant = plant
        self._producer: Producer | None = None
        self._epoch = 0
        self._failure: Exception | None = None
        self._refusal: Exception | None = None
        self._empty = True
        self._in_doubt = False
        self._owed = False
        self._sequences: dict[At, int] = {}
        self._queues: dict[At, deque[tuple[Sequence[Written], asyncio.Future[int]]]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self.open = False

    # -- life ----------------------------------------------------------------------------------------------------------

    @property
    def needs_replacing(self) -> bool:
        """Whether it refuses all work."""
        return self._producer is None or self._failure is not None

    async def start(self) -> None:
        """Gets an id, whenever somebody answers."""
        while True:
            try:
                _, self._epoch, self._producer = await self._ask(
                    "init-producer",
                    lambda: self._cluster.transactions.begin_producer(self._name, self._caller.name, self._timeout),
                )
            except (BusyError, NoAnswerError):
                await asyncio.sleep(_AGAIN)
            else:
                return

    async def stop(self) -> None:
        """Ends what is open, if that is answered soon."""
        producer, self._producer = self._producer, None
        for task in self._sending:
            task.cancel()
        if producer is None or not self.open:
            return
        try:
            await self._ask("resume", lambda: self._cluster.transactions.resume(producer, self._epoch))
        except NoAnswerError:
            self._cluster.trace.note(self._caller.name, "leaves a transaction open")

    # -- transactions --------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Opens a transaction, of which the cluster does not know yet."""
        if self.needs_replacing:
            raise RetriableKafkaError(f"beginning: the producer must be replaced after {self._failure!r}")
        if self.open and self._plant != "forget-abort":
            raise StreamappError("a transaction is open already")
        self.open, self._empty, self._refusal = True, self._empty or not self.open, None

    async def send_offsets(self, member: GroupMetadata, offsets: Mapping[At, tuple[int, str]]) -> None:
        """Adds offsets to the transaction, in the name of a member."""
        self._must_be_open("sending offsets")
        if not offsets:
            return
        self._empty = False
        if self._plant == "no-fencing":
            member = GroupMetadata(member.group, -1, "")
        producer, epoch = self._known, self._epoch
        try:
            await self._persistently(
                "send-offsets", lambda: self._cluster.transactions.send_offsets(producer, epoch, member, offsets)
            )
        except Exception as error:
            self._refusal = await self._explained(error, "sending offsets")
            raise self._refusal from error

    async def commit(self) -> None:
        """Ends the transaction."""
        self._must_be_open("committing")
        if self._empty:
            self.open = False
            return
        try:
            await self._end(committed=True)
        except Exception as error:
            failure = await self._explained(error, "committing")
            self._fail(error)
            if isinstance(failure, FencedError):
                raise failure from error
            if self._in_doubt and self._plant != "unknown-is-aborted":
                raise UnknownOutcomeError("a commit was sent and not answered") from error
            raise TransactionAbortedError(f"not committed: {failure}") from error
        self._ended()

    async def abort(self) -> None:
        """Ends the transaction without publishing it."""
        if not self.open or self.needs_replacing or self._plant == "forget-abort":
            return
        while self._sending:
            await asyncio.wait(self._sending)
        if self._failure is not None:
            return
        if not self._empty:
            try:
                await self._end(committed=False)
            except Exception as error:
                failure = await self._explained(error, "aborting")
                self._fail(error)
                if not isinstance(failure, RetriableKafkaError):
                    raise failure from error
                return
        self._ended()

    def _ended(self) -> None:
        self.open, self._empty = False, True
        if self._owed:
            self._fail(RetriableKafkaError("a request was not answered and asked again: a late copy could come"))

    async def _end(self, *, committed: bool) -> None:
        producer, epoch = self._known, self._epoch
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout
        while True:
            before, self._in_doubt = self._in_doubt, True
            try:
                await self._ask(
                    "end-transaction", lambda: self._cluster.transactions.end(producer, epoch, committed), "repeatable"
                )
            except BusyError:
                await asyncio.sleep(_AGAIN)
            except NoAnswerError:
                self._owed = True
                if loop.time() > until:
                    raise
            except Exception:
                self._in_doubt = before
                raise
            else:
                self._in_doubt = False
                return

    def _must_be_open(self, doing: str) -> None:
        if not self.open:
            raise StreamappError(f"{doing}: no transaction is open")
        reason = self._refusal or self._failure
        if reason is not None or self._producer is None:
            raise TransactionAbortedError(f"{doing}: the transaction can only be aborted, after {reason!r}") from reason

    # -- batches -------------------------------------------------------------------------------------------------------

    def send(self, at: At, records: Sequence[Written]) -> asyncio.Future[int]:
        """Queues a batch behind those of its partition; the future has its base offset."""
        if self.needs_replacing:
            raise RetriableKafkaError(f"writing to {at[0]}: the producer must be replaced after {self._failure!r}")
        if self._name is not None and not self.open:
            raise StreamappError(f"writing to {at[0]}: no transaction is open")
        self._empty = False
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        queue = self._queues.setdefault(at, deque())
        queue.append((records, future))
        if len(queue) == 1:
            task = asyncio.get_running_loop().create_task(self._send_queued(at, queue))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return future

    async def _send_queued(self, at: At, queue: deque[tuple[Sequence[Written], asyncio.Future[int]]]) -> None:
        while queue:
            records, future = queue[0]
            try:
                base = await self._written(at, records)
            except Exception as error:  # noqa: BLE001 - it is raised by whoever awaits the batch
                self._fail(error)
                while queue:
                    _, waiting = queue.popleft()
                    waiting.set_exception(error)
                    waiting.exception()
                return
            queue.popleft()
            future.set_result(base)

    async def _written(self, at: At, records: Sequence[Written]) -> int:
        producer, epoch, sequence = self._known, self._epoch, self._sequences.get(at, 0)
        base: int = await self._persistently(
            "produce",
            lambda: self._cluster.transactions.produce(producer, epoch, at, sequence, records, self._name is not None),
        )
        self._sequences[at] = sequence + 1
        return base

    async def explain(self, error: Exception, at: At) -> StreamappError:
        """Why a batch was not written, as one of our errors."""
        if isinstance(error, NoAnswerError):
            return DeliveryTimeoutError(f"topic {at[0]!r} partition {at[1]}: records were not acknowledged")
        return await self._explained(error, f"writing to {at[0]}")

    # -- asking --------------------------------------------------------------------------------------------------------

    async def _persistently(self, kind: str, serve: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout
        while True:
            try:
                return await self._ask(kind, serve, "repeatable")
            except BusyError:
                await asyncio.sleep(_AGAIN)
            except NoAnswerError:
                self._owed = self._owed or kind == "send-offsets"
                if loop.time() > until:
                    raise

    async def _ask(self, kind: str, serve: Callable[[], Any], care: Any = "plain") -> Any:
        return await self._cluster.network.ask(self._caller, kind, serve, care)

    @property
    def _known(self) -> Producer:
        if self._producer is None:
            raise RetriableKafkaError("the producer is not started")
        return self._producer

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error

    async def _explained(self, error: Exception, doing: str) -> StreamappError:
        """An error of the cluster as one of ours; an epoch that is over may be ours all the same (KIP-588)."""
        if isinstance(error, GroupError):
            return commit_error(error.code, "simulated") or RetriableKafkaError(f"{doing}: {error!r}")
        self._fail(error)
        if isinstance(error, FencedEpochError) and not await self._is_ours():
            return FencedError(f"{doing}: another process has taken this one's place")
        if isinstance(error, (FencedEpochError, StateError, SequenceError)):
            kind = TransactionAbortedError if self._name is not None else RetriableKafkaError
            return kind(f"{doing}: {error!r}")
        if isinstance(error, StreamappError):
            return error
        return RetriableKafkaError(f"{doing}: {error!r}")

    async def _is_ours(self) -> bool:
        producer, epoch = self._known, self._epoch
        try:
            ours: bool = await self._ask("resume", lambda: self._cluster.transactions.resume(producer, epoch))
        except NoAnswerError:
            return True
        return ours


class SimulatedWriter:
    """Records on their way through a producer: put one by one, sent in small batches, acknowledged together."""

    def __init__(self, producer: SimulatedProducer, plant: Plant | None) -> None:
        self._producer = producer
        self._plant = plant
        self._open: dict[At, list[Written]] = {}
        self._sent: list[tuple[At, int, asyncio.Future[int]]] = []
        self._full: list[tuple[At, list[Written]]] = []
        self._lingers_since: float | None = None
        self.stretches: Mapping[At, Sequence[tuple[int, int]]] = {}
        """Of the last flush, for each partition: first offset of each batch, and the one after it."""

    @property
    def has_open(self) -> bool:
        """Whether a batch is not full yet."""
        return bool(self._open)

    def put(
        self,
        topic: str,
        partition: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> None:
        """Adds a record behind those of its partition; sends nothing."""
        batch = self._open.setdefault((topic, partition), [])
        batch.append((timestamp, key, value, tuple(headers)))
        if len(batch) == BATCH:
            self._full.append(((topic, partition), self._open.pop((topic, partition))))

    async def pump(self) -> None:
        """Sends what is full; raises for what has failed."""
        self._send(self._full)
        await self._settle([sent for sent in self._sent if sent[2].done()])

    async def linger(self, seconds: float, now: float) -> None:
        """Sends what has waited for so long since it was seen here first."""
        if not self._open:
            self._lingers_since = None
            return
        since = self._lingers_since = now if self._lingers_since is None else self._lingers_since
        if now - since >= seconds:
            self._lingers_since = None
            self._full += self._open.items()
            self._open.clear()
            await self.pump()

    async def flush(self) -> dict[At, int]:
        """Sends the rest and waits for all of it; gives the offset behind the last record of each partition."""
        self._send(self._full)
        self._send(list(self._open.items()))
        self._open.clear()
        if self._plant == "commit-before-flush":
            self.stretches = {}
            return {}
        while waiting := [future for _, _, future in self._sent if not future.done()]:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
            await self._settle([sent for sent in self._sent if sent[2].done()])
        await self._settle(self._sent)
        written: dict[At, list[tuple[int, int]]] = {}
        for at, count, future in self._sent:
            written.setdefault(at, []).append((future.result(), future.result() + count))
        self._sent.clear()
        self.stretches = {at: sorted(found) for at, found in written.items()}
        return {at: found[-1][1] for at, found in self.stretches.items()}

    def discard(self) -> None:
        """Forgets what was put since the last flush; what is on its way may still be written."""
        self._open.clear()
        self._full.clear()
        self._sent.clear()

    def _send(self, batches: list[tuple[At, list[Written]]]) -> None:
        for at, records in batches:
            self._sent.append((at, len(records), self._producer.send(at, records)))
        batches.clear()

    async def _settle(self, sent: Sequence[tuple[At, int, asyncio.Future[int]]]) -> None:
        for at, _, future in sent:
            error = future.exception()
            if isinstance(error, Exception):
                raise await self._producer.explain(error, at) from error
