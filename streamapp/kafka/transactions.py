"""The transactions of one producer: begin, offsets of a group, commit or abort, and what their failures mean.

After any failure it is known whether the transaction can still become final: it never becomes so behind the caller's
back. Knows nothing of what is written in them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping

from aiokafka import TopicPartition
from aiokafka import errors as kafka
from aiokafka.structs import OffsetAndMetadata

from streamapp.errors import FencedError, StreamappError
from streamapp.kafka.errors import (
    RetriableKafkaError,
    TransactionAbortedError,
    UnknownOutcomeError,
    explain,
    is_fencing,
)
from streamapp.kafka.errors import TopicPartition as At
from streamapp.kafka.groups import GroupMetadata
from streamapp.kafka.producer_client import ProducerClient

logger = logging.getLogger(__name__)

_ASKING = 5.0
"""Seconds a broker may take to say whether we are fenced."""
_LEAVING = 2.0
"""Seconds a broker may take to end what is open when the producer stops."""

_ENDED = (
    kafka.InvalidTxnState,
    kafka.InvalidProducerIdMapping,
    kafka.OutOfOrderSequenceNumber,
    kafka.UnknownProducerId,
    kafka.DuplicateSequenceNumber,
    kafka.TransactionCoordinatorFenced,
)
"""The broker no longer knows this producer or its transaction; a new one can do the work again."""


class Transactions:
    """The transactions of `client`, one after the other; `timeout`: seconds an answer to one step may take."""

    def __init__(self, client: ProducerClient, timeout: float) -> None:
        self._client = client
        self.timeout = timeout
        self._refusal: StreamappError | None = None
        self.open = False

    @property
    def _name(self) -> str:
        return f"transaction of {self._client.manager.transactional_id!r}"

    async def begin(self) -> None:
        """Opens a transaction; the broker learns of it with the first records.

        Raises `RetriableKafkaError` when the producer must be replaced first.
        """
        self._must_be_sound("beginning")
        if self.open:
            raise StreamappError(f"a {self._name} is open already: commit or abort it first")
        await self._client.begin_transaction()
        self.open = True
        self._refusal = None

    async def send_offsets(self, member: GroupMetadata, offsets: Mapping[At, tuple[int, str]]) -> None:
        """Adds a group's offsets, on behalf of one generation of one of its members (KIP-447).

        Raises `StaleMemberError` when the group has moved on, `FencedError`, or `RetriableKafkaError` when no answer
        came in time; the transaction can only be aborted then.
        """
        self._must_be_open("sending offsets")
        if not offsets:
            return
        self._refusal = TransactionAbortedError(f"offsets of group {member.group!r} were sent and not answered")
        self._client.sender.member = member
        structs = {TopicPartition(*at): OffsetAndMetadata(*value) for at, value in offsets.items()}
        try:
            await self._answered(self._client.send_offsets_to_transaction(structs, member.group))
        except (TimeoutError, kafka.KafkaError, StreamappError) as error:
            self._refusal = await explain_failure(self._client, error, f"sending offsets of group {member.group!r}")
            raise self._refusal from error
        self._refusal = None

    async def commit(self) -> None:
        """Makes everything since `begin` final; all batches must have been acknowledged.

        Raises `TransactionAbortedError` when none of it will be seen, `FencedError` when another process has taken
        over, and `UnknownOutcomeError` when the end was sent and not answered: then only the log can tell.
        """
        self._must_be_open("committing")
        if self._client.busy:
            raise StreamappError(f"committing a {self._name}: batches are not acknowledged yet: flush first")
        try:
            await self._answered(self._client.commit_transaction())
        except (TimeoutError, kafka.KafkaError, StreamappError) as error:
            await self._give_up(error)
            raise await self._outcome(error) from error
        self._ended()

    async def abort(self) -> None:
        """Ends the transaction without publishing it, after what is in flight; without one nothing happens.

        When the broker does not answer, the producer must be replaced; it publishes nothing any more. Raises
        `FencedError` when another process has taken over.
        """
        if not self.open or self._client.broken:
            return
        try:
            await self._answered(self._client.abort_transaction())
        except (TimeoutError, kafka.KafkaError) as error:
            await self._give_up(error)
            failure = await explain_failure(self._client, error, f"aborting a {self._name}")
            if not isinstance(failure, RetriableKafkaError):
                raise failure from error
            logger.warning("%s; it is left to the next producer, or to its timeout", failure)
        else:
            self._ended()

    async def leave(self) -> None:
        """Has the broker abort what is open, if it answers within 2 s; called when nothing is sent any more."""
        if not self.open:
            return
        try:
            async with asyncio.timeout(_LEAVING):
                await self._client.resume()
            self.open = False
        except (TimeoutError, kafka.KafkaError) as error:
            logger.warning("a %s is left open, the broker aborts it after its timeout: %r", self._name, error)

    def _ended(self) -> None:
        """The transaction is over, and so is this producer if a copy of a request could reach the next one (KIP-890).

        What was given up and asked again may still lie with a broker, which would take it for part of a later
        transaction of the same epoch: another producer has another.
        """
        self.open = False
        if self._client.sender.owed and self._client.failure is None:
            self._client.failure = RetriableKafkaError(
                f"a request about a {self._name} was not answered and asked again: a late copy could reach the next one"
            )

    async def _answered(self, step: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self.timeout):
                await step
        except (TimeoutError, asyncio.CancelledError) as error:
            await self._give_up(error)
            raise

    async def _give_up(self, error: BaseException) -> None:
        """Silences the client, which would go on asking until it is answered."""
        await self._client.sender.close()
        if self._client.failure is None:
            self._client.failure = error

    async def _outcome(self, error: BaseException) -> StreamappError:
        """What a commit that failed means; nothing is being sent any more."""
        failure = await explain_failure(self._client, error, f"committing a {self._name}")
        if isinstance(failure, FencedError):
            return failure
        if self._client.sender.in_doubt:
            return UnknownOutcomeError(f"a commit of a {self._name} was sent and not answered ({error!r})")
        return TransactionAbortedError(f"a {self._name} was not committed: {failure}")

    def _must_be_sound(self, doing: str) -> None:
        if self._client.broken:
            raise RetriableKafkaError(
                f"{doing} a {self._name}: its producer must be replaced after {self._client.reason!r}"
            )

    def _must_be_open(self, doing: str) -> None:
        if not self.open:
            raise StreamappError(f"{doing}: no {self._name} is open: begin one first")
        if self._client.broken or self._refusal is not None:
            reason = self._refusal or self._client.reason
            raise TransactionAbortedError(
                f"{doing}: the {self._name} can only be aborted, after {reason!r}"
            ) from reason


async def explain_failure(client: ProducerClient, error: BaseException, doing: str) -> StreamappError:
    """An error of a producer as one of ours.

    A refused epoch can mean that a newer producer has our id, or that a transaction was open for longer than its
    timeout and the broker has ended it: the broker is asked which (KIP-588).
    """
    cause = _root(error)
    transactional = client.manager.transactional_id is not None
    if is_fencing(cause) and transactional:
        if not await _still_ours(client):
            return FencedError(
                f"{doing}: another process has taken this one's place, its transactional id is the same "
                f"({client.manager.transactional_id!r}): stop one of them, or give it a state folder of its own"
            )
        return TransactionAbortedError(
            f"{doing}: the transaction was open for longer than its timeout of "
            f"{client.manager.transaction_timeout_ms / 1000:g} s, and the broker has aborted it"
        )
    if is_fencing(cause) or isinstance(cause, _ENDED):
        kind = TransactionAbortedError if transactional else RetriableKafkaError
        return kind(f"{doing}: {cause!r}")
    return explain(cause, doing)


def _root(error: BaseException) -> BaseException:
    """What stands behind the plain `KafkaError` that aiokafka's sender ends with."""
    while type(error) is kafka.KafkaError and isinstance(error.__cause__, kafka.KafkaError):
        error = error.__cause__
    return error


async def _still_ours(client: ProducerClient) -> bool:
    """Whether the transactional id is still this producer's; True when nobody answers: the next producer will ask."""
    try:
        async with asyncio.timeout(_ASKING):
            return await client.resume()
    except (TimeoutError, kafka.KafkaError) as error:
        logger.warning("whether %r is still ours is not known: %r", client.manager.transactional_id, error)
        return True
