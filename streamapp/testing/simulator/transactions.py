"""The coordinator of transactions: producer epochs, fencing, ends that are final before their markers are written.

An end is decided at once and its markers follow, partition by partition; until the last is written the producer is
told to wait. A transaction that is open for too long is aborted, and its producer's epoch is over (KIP-588, KIP-890).
Knows nothing of what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from streamapp.kafka.groups import GroupMetadata
from streamapp.testing.simulator.group import At, Group
from streamapp.testing.simulator.log import PartitionLog, Transaction, Written
from streamapp.testing.simulator.network import Network
from streamapp.testing.simulator.trace import Trace


class BusyError(Exception):
    """CONCURRENT_TRANSACTIONS: the one before is ending; ask again."""


class FencedEpochError(Exception):
    """INVALID_PRODUCER_EPOCH: a newer epoch is known."""


class StateError(Exception):
    """INVALID_TXN_STATE: what is asked for does not fit."""


class SequenceError(Exception):
    """OUT_OF_ORDER_SEQUENCE_NUMBER: a batch is missing before this one."""


@dataclass
class Producer:
    """What is known of a transactional id, or of a producer without one."""

    id: int
    name: str
    epoch: int = 0
    resumable: int = -1
    """The epoch before the coordinator itself ended a transaction: who has it may go on with the next."""
    timeout: float = 0.0
    state: Literal["none", "ongoing", "committing", "aborting", "committed", "aborted"] = "none"
    transaction: Transaction = field(default_factory=Transaction)
    partitions: dict[At, None] = field(default_factory=dict)
    sends_offsets: bool = False
    sequences: dict[tuple[int, At], tuple[int, int]] = field(default_factory=dict)
    """By epoch and partition: the next sequence number, and the base offset of the last batch."""


class Transactions:
    """Every method is one request, carried out at once."""

    def __init__(self, log: Callable[[At], PartitionLog], group: Group, network: Network, trace: Trace) -> None:
        self._log = log
        self._group = group
        self._network = network
        self._trace = trace
        self._producers: dict[str, Producer] = {}
        self._ids = 0

    @property
    def quiet(self) -> bool:
        """No transaction is open or ending."""
        return all(one.state in {"none", "committed", "aborted"} for one in self._producers.values())

    def ongoing(self) -> list[Producer]:
        """Producers with an open transaction."""
        return [one for one in self._producers.values() if one.state == "ongoing"]

    # -- producers -----------------------------------------------------------------------------------------------------

    def begin_producer(self, name: str | None, who: str, timeout: float) -> tuple[int, int, Producer]:
        """A new producer: fences its predecessor of the same name, and aborts what that one left open."""
        if name is None:
            return 0, 0, self._new("", who)
        producer = self._producers.get(name)
        if producer is None:
            producer = self._producers[name] = self._new(name, who)
        if producer.state == "ongoing":
            producer.epoch += 1
            producer.resumable = -1
            self._finish(producer, committed=False)
        if producer.state in {"committing", "aborting"}:
            raise BusyError
        producer.epoch += 1
        producer.resumable, producer.timeout, producer.state = -1, timeout, "none"
        return producer.id, producer.epoch, producer

    def _new(self, name: str, who: str) -> Producer:
        self._ids += 1
        return Producer(self._ids, f"{who}/p{self._ids}")

    def resume(self, producer: Producer, epoch: int) -> bool:
        """Ends what is open and goes on with a newer epoch; false when another has taken over (KIP-360)."""
        if epoch not in {producer.epoch, producer.resumable}:
            return False
        if producer.state == "ongoing":
            self._finish(producer, committed=False)
        producer.epoch += 1
        producer.resumable = -1
        return True

    # -- one transaction -----------------------------------------------------------------------------------------------

    def produce(
        self, producer: Producer, epoch: int, at: At, sequence: int, records: Sequence[Written], transactional: bool
    ) -> int:
        """Writes a batch; gives its base offset, the same when it comes twice."""
        if transactional:
            self._refuse_fenced(producer, epoch)
        expected, last = producer.sequences.get((epoch, at), (0, -1))
        if sequence < expected:
            return last
        if sequence > expected:
            raise SequenceError
        if transactional:
            self._take_part(producer)
            producer.partitions[at] = None
        base = self._log(at).append(records, producer.transaction if transactional else None)
        producer.sequences[epoch, at] = (sequence + 1, base)
        self._trace.note(producer.name, f"writes {len(records)} to {at[0]}-{at[1]} from {base}")
        return base

    def send_offsets(
        self, producer: Producer, epoch: int, member: GroupMetadata, offsets: Mapping[At, tuple[int, str]]
    ) -> None:
        """Adds a group's offsets to the transaction."""
        self._refuse_fenced(producer, epoch)
        self._group.check(member)
        self._take_part(producer)
        producer.sends_offsets = True
        self._group.pending.setdefault(producer.id, {}).update(offsets)
        self._trace.note(producer.name, f"offsets {_text(offsets)}")

    def _take_part(self, producer: Producer) -> None:
        if producer.state in {"committing", "aborting"}:
            raise BusyError
        if producer.state != "ongoing":
            producer.state = "ongoing"
            producer.transaction = Transaction()
            producer.partitions, producer.sends_offsets = {}, False
            self._network.later(producer.timeout, self._expire, producer, producer.transaction)

    def _expire(self, producer: Producer, transaction: Transaction) -> None:
        if producer.transaction is transaction and producer.state == "ongoing":
            self.expire(producer)

    def expire(self, producer: Producer) -> None:
        """Aborts a transaction that is open for too long."""
        self._trace.note(producer.name, "transaction expires")
        producer.resumable = producer.epoch
        producer.epoch += 1
        self._finish(producer, committed=False)

    def end(self, producer: Producer, epoch: int, committed: bool) -> None:
        """Ends the transaction; decided when this returns."""
        self._refuse_fenced(producer, epoch)
        wanted, done = ("committing", "committed") if committed else ("aborting", "aborted")
        if producer.state == done:
            return
        if producer.state == wanted:
            raise BusyError
        if producer.state != "ongoing":
            raise StateError
        self._finish(producer, committed)

    def _finish(self, producer: Producer, committed: bool) -> None:
        producer.state = "committing" if committed else "aborting"
        self._trace.note(producer.name, "commits" if committed else "aborts")
        left = len(producer.partitions) + 1
        transaction = producer.transaction

        def written() -> None:
            nonlocal left
            left -= 1
            if not left:
                producer.state = "committed" if committed else "aborted"

        def mark(at: At) -> None:
            self._log(at).mark(transaction, committed)
            written()

        def settle() -> None:
            self._group.settle(producer.id, committed)
            written()

        for at in producer.partitions:
            self._network.later(self._network.marker_delay(), mark, at)
        self._network.later(self._network.marker_delay(), settle)

    @staticmethod
    def _refuse_fenced(producer: Producer, epoch: int) -> None:
        if epoch != producer.epoch:
            raise FencedEpochError


def _text(offsets: Mapping[At, tuple[int, str]]) -> str:
    return " ".join(f"{topic}-{partition}:{offset}" for (topic, partition), (offset, _) in sorted(offsets.items()))
