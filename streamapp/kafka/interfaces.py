"""What a worker asks of Kafka, as protocols: the clients of this package follow them, and those of the simulator.

What each method gives and raises is written once, at `BatchConsumer`, `BatchProducer`, `BatchWriter` and `Admin`.
Knows nothing of how they do it.
"""

# ruff: noqa: D102 - each method is described once, at the class that has it

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from streamapp.kafka.groups import GroupMetadata

if TYPE_CHECKING:
    from streamapp.kafka.assignor import GroupAssignor
    from streamapp.kafka.topics import TopicInfo

TopicPartition = tuple[str, int]
Row = tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]
Made = TypeVar("Made")
Rebalanced = Callable[[Collection[TopicPartition]], Awaitable[None]]


class Records(Protocol):
    """What came of one partition: `rows()` from `start` on, and the offset `next` at which it goes on."""

    @property
    def start(self) -> int:
        """Where it begins."""
        ...

    @property
    def next(self) -> int:
        """Where the partition goes on."""
        ...

    def rows(self) -> list[Row]:
        """The records, in the log's order."""
        ...

    def parts(self) -> Iterable[Records]:
        """The same, in pieces."""
        ...

    def newest(self, before: int, make: Callable[[bytes | None, int], Made]) -> tuple[dict[bytes, Made], int]:
        """What `make(value, timestamp)` gives of each key's last record before an offset, and how many there are."""
        ...


class Consumer(Protocol):
    """`BatchConsumer`: reads partitions, alone or as a member of a group."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def assign(self, partitions: Iterable[TopicPartition]) -> None: ...
    def subscribe(self, topics: Iterable[str], *, on_revoked: Rebalanced, on_assigned: Rebalanced) -> None: ...
    def seek(self, at: TopicPartition, offset: int) -> None: ...
    def pause(self, partitions: Iterable[TopicPartition]) -> None: ...
    def resume(self, partitions: Iterable[TopicPartition]) -> None: ...
    async def take(
        self, partitions: Collection[TopicPartition], timeout_s: float
    ) -> Mapping[TopicPartition, Records]: ...
    def end(self, at: TopicPartition) -> int | None: ...
    def group_metadata(self) -> GroupMetadata: ...
    async def commit_offsets(
        self, offsets: Mapping[TopicPartition, tuple[int, str]], member: GroupMetadata
    ) -> None: ...
    async def committed_stable(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, tuple[int, str | None]]: ...


class Producer(Protocol):
    """`BatchProducer`: transactions of one transactional id, or none."""

    @property
    def needs_replacing(self) -> bool: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def begin(self) -> None: ...
    async def send_offsets(self, member: GroupMetadata, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None: ...
    async def commit(self) -> None: ...
    async def abort(self) -> None: ...


class Writer(Protocol):
    """`BatchWriter`: records on their way through a producer."""

    @property
    def has_open(self) -> bool: ...
    @property
    def stretches(self) -> Mapping[TopicPartition, Sequence[tuple[int, int]]]: ...

    def put(
        self,
        topic: str,
        partition: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> None: ...
    async def pump(self) -> None: ...
    async def linger(self, seconds: float, now: float) -> None: ...
    async def flush(self) -> dict[TopicPartition, int]: ...
    def discard(self) -> None: ...


class Topics(Protocol):
    """`Admin`: topics and their offsets."""

    cluster_id: str

    async def list(self) -> set[str]: ...
    async def describe(self, topics: Iterable[str]) -> dict[str, TopicInfo]: ...
    async def create(self, name: str, partitions: int, config: Mapping[str, str], replication_factor: int) -> None: ...
    async def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def committed(self, group: str) -> dict[TopicPartition, tuple[int, str]]: ...
    async def delete_records(self, offsets: Mapping[TopicPartition, int]) -> None: ...


class Kafka(Protocol):
    """Makes the clients of one cluster, which are not started yet."""

    def reader(self, *, committed: bool = True) -> Consumer:
        """Reads committed records, or all there are, in no group."""
        ...

    def member(
        self, group: str, instance: str, session_s: float, heartbeat_s: float, assignor: GroupAssignor
    ) -> Consumer:
        """Reads committed records as the member of a group that is known by `instance`."""
        ...

    def producer(self, transactional_id: str | None, transaction_s: float) -> Producer:
        """Writes in transactions, or without when there is no id."""
        ...

    def writer(self, producer: Producer, limits: Mapping[str, int]) -> Writer:
        """Writes through one of these producers; `limits` is `max.message.bytes` by topic."""
        ...
