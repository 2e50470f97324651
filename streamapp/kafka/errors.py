"""What goes wrong between us and Kafka, by what the caller does about it.

Undo and try again (`RetriableKafkaError`), rejoin (`StaleMemberError`), resume from the log
(`UnknownOutcomeError`), or give up (the rest, and `FencedError`). Knows nothing of who catches it.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka import errors as kafka

from streamapp.errors import ConfigurationError, FencedError, StreamappError

TopicPartition = tuple[str, int]


class KafkaError(StreamappError):
    """Kafka refused a request, and would refuse it again."""


class RetriableKafkaError(StreamappError):
    """Nothing was committed; the same work can succeed when it is done again."""


class TransactionAbortedError(RetriableKafkaError):
    """The transaction was, or must be, aborted; none of its records and offsets will be seen."""


class DeliveryTimeoutError(RetriableKafkaError):
    """Records were not acknowledged in time; whether they were written is not known."""


class StaleMemberError(StreamappError):
    """The group has moved on: this member or its generation may no longer commit (KIP-447)."""


class UnknownOutcomeError(StreamappError):
    """A commit was sent and not answered: it is final or it is not, and only the log can tell."""


class OffsetOutOfRangeError(StreamappError):
    """An offset that is to be read does not, or no longer, exist. `below`: its records were deleted."""

    def __init__(self, at: TopicPartition, offset: int, start: int, end: int) -> None:
        self.at = at
        self.offset = offset
        self.start = start
        self.end = end
        self.below = offset < start
        why = f"{start - offset} records were deleted" if self.below else "the topic was made anew or truncated"
        super().__init__(
            f"topic {at[0]!r} partition {at[1]}: offset {offset} was asked for, but the log holds {start} to {end} "
            f"({why}); reset the offsets of whatever reads it, or restore the topic"
        )


class CorruptRecordError(StreamappError):
    """Bytes of a topic fail their checksum each time they are fetched."""


class RecordTooLargeError(StreamappError):
    """A record is larger than its topic accepts (`max.message.bytes`)."""


class RecordRefusedError(StreamappError):
    """A broker refused a batch for what is in it, and will do so again."""


_STALE = {22: "ILLEGAL_GENERATION", 25: "UNKNOWN_MEMBER_ID", 27: "REBALANCE_IN_PROGRESS"}
_FENCED = {47: "INVALID_PRODUCER_EPOCH", 82: "FENCED_INSTANCE_ID", 90: "PRODUCER_FENCED"}
_REFUSED = {
    10: "larger than the topic's max.message.bytes",
    18: "larger than the topic's segment.bytes",
    29: "not permitted (WRITE on the topic)",
    32: "a timestamp outside the topic's message.timestamp.before.max.ms or after.max.ms",
    44: "against a policy of the broker",
    87: "a record the broker cannot accept, such as one without key in a compacted topic",
}

UNSTABLE_OFFSET_COMMIT = 88
"""OffsetFetch: a transaction that commits this offset has not ended yet (KIP-447)."""


def commit_error(code: int, group: str) -> StreamappError | None:
    """What an error code of an offset commit means when it is about membership; None for every other code."""
    if code in _STALE:
        return StaleMemberError(
            f"group {group!r} refused an offset commit ({_STALE[code]}): its partitions have moved to another member"
        )
    if code in _FENCED:
        return FencedError(
            f"group {group!r} refused an offset commit ({_FENCED[code]}): another process has taken this one's place"
        )
    return None


def refused(error: BaseException, at: TopicPartition) -> StreamappError | None:
    """The named error when a broker refused a batch for its content; None for every other reason."""
    why = _REFUSED.get(getattr(error, "errno", 0))
    if why is None:
        return None
    return RecordRefusedError(f"topic {at[0]!r} partition {at[1]}: the broker refused a batch: {why} ({error})")


def is_fencing(error: BaseException | None) -> bool:
    """Whether an error says that a newer producer has our transactional id, anywhere in its chain of causes."""
    while error is not None:
        if isinstance(error, kafka.ProducerFenced) or getattr(error, "errno", 0) in _FENCED:
            return True
        error = error.__cause__
    return False


_PERMANENT: Mapping[type[BaseException], str] = {
    kafka.GroupAuthorizationFailedError: "grant READ on the group",
    kafka.TopicAuthorizationFailedError: "grant READ or WRITE on the topic",
    kafka.TransactionalIdAuthorizationFailed: "grant WRITE on the transactional id",
    kafka.ClusterAuthorizationFailedError: "grant the operation on the cluster",
    kafka.InvalidTransactionTimeout: "lower transaction_timeout, or raise the broker's transaction.max.timeout.ms",
    kafka.InvalidSessionTimeoutError: "set session_timeout within the broker's group.min/max.session.timeout.ms",
    kafka.InconsistentGroupProtocolError: "another kind of consumer uses this group: stop it, or name it otherwise",
    kafka.AuthenticationFailedError: "check user name and password",
    kafka.IncompatibleBrokerVersion: "use Kafka 3.0 or later",
}


def explain(error: BaseException, doing: str) -> StreamappError:
    """An error of the client library as one of ours; `doing` says what was tried."""
    if isinstance(error, StreamappError):
        return error
    if is_fencing(error):
        return FencedError(f"{doing}: another process has taken this one's place ({error!r})")
    for kind, remedy in _PERMANENT.items():
        if isinstance(error, kind):
            return ConfigurationError(f"{doing}: {error!r}: {remedy}")
    if getattr(error, "retriable", False) or isinstance(error, (TimeoutError, OSError)):
        return RetriableKafkaError(f"{doing}: {error!r}")
    return KafkaError(f"{doing}: {error!r}")
