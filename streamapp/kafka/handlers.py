"""What a producer asks of brokers and what their answers mean, where aiokafka's own reading differs.

Records of a batch, offsets of a group in a transaction, its end. Knows nothing of when they are sent.
"""

from __future__ import annotations

from typing import Any

from aiokafka import TopicPartition
from aiokafka import errors as kafka
from aiokafka.client import CoordinationType
from aiokafka.producer.sender import EndTxnHandler, SendProduceReqHandler, TxnOffsetCommitHandler

from streamapp.kafka.errors import commit_error
from streamapp.kafka.requests import TxnOffsetCommitRequest

_OK, _CONCURRENT_TRANSACTIONS, _UNKNOWN_SERVER_ERROR = 0, 51, -1
SUPERSEDED = (47, 90)
"""INVALID_PRODUCER_EPOCH, PRODUCER_FENCED: a newer epoch of this transactional id is known."""
_TRY_AGAIN = (14, 15, 16, _CONCURRENT_TRANSACTIONS)
"""The group's coordinator is loading, not known or elsewhere; the transaction before is ending."""


class BrokerCodeError(kafka.BrokerResponseError):
    """An answer whose code aiokafka has no name for."""

    def __init__(self, code: int) -> None:
        self.errno = code
        super().__init__(f"error code {code}")


class ProduceHandler(SendProduceReqHandler):
    """Keeps the codes aiokafka has no name for, such as 87 (INVALID_RECORD)."""

    def handle_response(self, response: Any) -> None:
        """Fails the batches of such codes first; the rest is stock."""
        for topic, partitions in response.topics:
            for partition, code, *_ in partitions:
                batch = self._batches.get(TopicPartition(topic, partition))
                if batch is not None and code != _UNKNOWN_SERVER_ERROR and kafka.for_code(code) is kafka.UnknownError:
                    batch.failure(BrokerCodeError(code))
        super().handle_response(response)


class MemberOffsetsHandler(TxnOffsetCommitHandler):
    """TxnOffsetCommit v3: refused for a member or generation that is no longer in the group (KIP-447)."""

    def create_request(self) -> TxnOffsetCommitRequest:
        """The request on behalf of the sender's member."""
        self._sender.owed += 1
        manager, member = self._sender._txn_manager, self._sender.member
        return TxnOffsetCommitRequest(
            manager.transactional_id,
            (manager.producer_id, manager.producer_epoch),
            (member.group, member.generation, member.member_id, member.instance_id),
            {tuple(at): (offset.offset, offset.metadata) for at, offset in self._offsets.items()},
        )

    def handle_response(self, resp: Any) -> float | None:
        """Refuses the offsets when the member is stale, which leaves the transaction open, or tries them again."""
        self._sender.owed -= 1
        manager = self._sender._txn_manager
        codes = sorted({code for _, partitions, _ in resp.topics for _, code, _ in partitions} - {_OK})
        for code in codes:
            error = self._refusal(code)
            if error is not None:
                _, _, future = manager._pending_txn_offsets.popleft()
                future.set_exception(error)
                return None
        if codes:
            self._sender._coordinator_dead(CoordinationType.GROUP)
            backoff: float = self._default_backoff
            return backoff
        for at, offset in list(self._offsets.items()):
            manager.offset_committed(at, offset.offset, self._group_id)
        return None

    def _refusal(self, code: int) -> BaseException | None:
        kind = kafka.for_code(code)
        if code in _TRY_AGAIN or kind.retriable:
            return None
        error: BaseException
        if code in SUPERSEDED:
            error = kafka.ProducerFenced()
            return error
        named = commit_error(code, self._group_id)
        if named is not None:
            return named
        error = BrokerCodeError(code) if kind is kafka.UnknownError else kind()
        return error


class EndHandler(EndTxnHandler):
    """EndTxn, remembering whether an answer is owed: until then nobody knows what became of the transaction."""

    def create_request(self) -> Any:
        """From here on it may be final."""
        self._sender.owed += 1
        self._before = self._sender.in_doubt
        self._sender.in_doubt = True
        return super().create_request()

    def handle_response(self, resp: Any) -> float | None:
        """An answer settles what this request asked, unless it says that an end is under way."""
        self._sender.owed -= 1
        if resp.error_code == _OK:
            self._sender.in_doubt = False
        elif resp.error_code != _CONCURRENT_TRANSACTIONS:
            self._sender.in_doubt = self._before
        backoff: float | None = super().handle_response(resp)
        return backoff
