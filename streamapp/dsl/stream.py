"""Streams of records, and the steps that can follow one another.

Every step returns a new value and changes nothing; a stream named twice is a branch. A function takes the
value, or the key and the value when it cannot do with one argument. Knows nothing of how steps run.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from streamapp.dsl import effects, steps
from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.branching import Branches, merge_of
from streamapp.dsl.global_table import GlobalTable
from streamapp.dsl.grouped import GroupedStream
from streamapp.dsl.node import Node, Reset
from streamapp.dsl.processing import process_async_of, process_of, process_values_of
from streamapp.dsl.processor import Processor, ValueProcessor
from streamapp.dsl.source import source_of
from streamapp.dsl.stream_joins import StreamJoins
from streamapp.dsl.table import Table
from streamapp.dsl.table_steps import to_table_of
from streamapp.dsl.topic import Destination, Topic, TopicPattern
from streamapp.dsl.window_steps import deduplicate_of

if TYPE_CHECKING:
    from typing_extensions import TypeForm

K = TypeVar("K")
V = TypeVar("V")
W = TypeVar("W")
R = TypeVar("R")
K2 = TypeVar("K2")
V_co = TypeVar("V_co", covariant=True)

Partitioner: TypeAlias = Callable[[V, int], int] | Callable[[K, V, int], int]
"""Gives the partition of a record: from its value, its key if it wants it, and the number of partitions."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a stream leaves a topology: what `to` gives, to be handed to `Topology`."""

    node: Node


@dataclass(frozen=True, slots=True)
class Stream(StreamJoins[K, V_co], Generic[K, V_co]):
    """Records of a topic, or what steps made of them. Made by `stream`."""

    node: Node

    @overload
    def filter(self, predicate: Callable[[V_co], bool]) -> Stream[K, V_co]: ...
    @overload
    def filter(self, predicate: Callable[[K, V_co], bool]) -> Stream[K, V_co]: ...
    def filter(self, predicate: Callable[..., bool]) -> Stream[K, V_co]:
        """Keeps the records for which `predicate` is true."""
        return Stream(steps.filter_of(self.node, "filter", predicate, negate=False))

    @overload
    def filter_not(self, predicate: Callable[[V_co], bool]) -> Stream[K, V_co]: ...
    @overload
    def filter_not(self, predicate: Callable[[K, V_co], bool]) -> Stream[K, V_co]: ...
    def filter_not(self, predicate: Callable[..., bool]) -> Stream[K, V_co]:
        """Drops the records for which `predicate` is true."""
        return Stream(steps.filter_of(self.node, "filter_not", predicate, negate=True))

    @overload
    def map(
        self,
        mapper: Callable[[V_co], tuple[K2, R]],
        *,
        key: TypeForm[K2] | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K2, R]: ...
    @overload
    def map(
        self,
        mapper: Callable[[K, V_co], tuple[K2, R]],
        *,
        key: TypeForm[K2] | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K2, R]: ...
    def map(self, mapper: Callable[..., Any], *, key: Any = None, value: Any = None) -> Stream[Any, Any]:
        """Replaces key and value by the pair that `mapper` returns.

        `key` and `value` are their types, where the function's annotation does not tell.
        """
        return Stream(steps.map_of(self.node, mapper, key, value))

    @overload
    def map_values(self, mapper: Callable[[V_co], R], *, value: TypeForm[R] | None = None) -> Stream[K, R]: ...
    @overload
    def map_values(self, mapper: Callable[[K, V_co], R], *, value: TypeForm[R] | None = None) -> Stream[K, R]: ...
    def map_values(self, mapper: Callable[..., Any], *, value: Any = None) -> Stream[K, Any]:
        """Replaces the value by what `mapper` returns.

        `value` is its type, where the function's annotation does not tell.
        """
        return Stream(steps.map_values_of(self.node, mapper, value))

    @overload
    def flat_map(
        self,
        mapper: Callable[[V_co], Iterable[tuple[K2, R]]],
        *,
        key: TypeForm[K2] | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K2, R]: ...
    @overload
    def flat_map(
        self,
        mapper: Callable[[K, V_co], Iterable[tuple[K2, R]]],
        *,
        key: TypeForm[K2] | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K2, R]: ...
    def flat_map(self, mapper: Callable[..., Any], *, key: Any = None, value: Any = None) -> Stream[Any, Any]:
        """Replaces each record by all pairs of key and value that `mapper` returns or yields, in order.

        `key` and `value` are their types, where the function's annotation does not tell.
        """
        return Stream(steps.flat_map_of(self.node, mapper, key, value))

    @overload
    def flat_map_values(
        self, mapper: Callable[[V_co], Iterable[R]], *, value: TypeForm[R] | None = None
    ) -> Stream[K, R]: ...
    @overload
    def flat_map_values(
        self, mapper: Callable[[K, V_co], Iterable[R]], *, value: TypeForm[R] | None = None
    ) -> Stream[K, R]: ...
    def flat_map_values(self, mapper: Callable[..., Any], *, value: Any = None) -> Stream[K, Any]:
        """Replaces each record by one for every value that `mapper` returns or yields, in order.

        `value` is their type, where the function's annotation does not tell.
        """
        return Stream(steps.flat_map_values_of(self.node, mapper, value))

    @overload
    def peek(self, action: Callable[[V_co], object]) -> Stream[K, V_co]: ...
    @overload
    def peek(self, action: Callable[[K, V_co], object]) -> Stream[K, V_co]: ...
    def peek(self, action: Callable[..., object]) -> Stream[K, V_co]:
        """Calls `action` with each record and passes the record on.

        What `action` does elsewhere is done again when a record is processed again.
        """
        return Stream(effects.peek_of(self.node, action))

    @overload
    def for_each(self, action: Callable[[V_co], object]) -> End: ...
    @overload
    def for_each(self, action: Callable[[K, V_co], object]) -> End: ...
    def for_each(self, action: Callable[..., object]) -> End:
        """Calls `action` with each record, which ends there; again when a record is processed again."""
        return End(effects.for_each_of(self.node, action))

    @overload
    def print(self, label: str) -> End: ...
    @overload
    def print(self, label: str, format: Callable[[V_co], object]) -> End: ...
    @overload
    def print(self, label: str, format: Callable[[K, V_co], object]) -> End: ...
    def print(self, label: str, format: Callable[..., object] | None = None) -> End:  # noqa: A002 - as in Topic
        """Prints `[label]: ` and each record, as `format` puts it, else its key and value."""
        return End(effects.print_of(self.node, label, format))

    def merge(self, other: Stream[K, V_co]) -> Stream[K, V_co]:
        """The records of both streams, each stream's in its order.

        Raises `TopologyError` when they hold different types.
        """
        return Stream(merge_of(self.node, other.node))

    def process(
        self,
        processor: Callable[[], Processor[K, V_co, K2, R]],
        name: str,
        *,
        stores: Sequence[AttachedStore[Any] | Table[Any, Any] | GlobalTable[Any, Any]] = (),
        key: TypeForm[K2] | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K2, R]:
        """Runs a `Processor` of the author's, with stores, punctuation and headers; `processor` makes one per task.

        `stores` are those it may use. `key` and `value` are the types it forwards, where its class does not tell.
        Raises `TopologyError` for a name that is not kebab-case, or what does not make a processor.
        """
        return Stream(process_of(self.node, processor, name, stores, key, value))

    def process_values(
        self,
        processor: Callable[[], ValueProcessor[K, V_co, R]],
        name: str,
        *,
        stores: Sequence[AttachedStore[Any] | Table[Any, Any] | GlobalTable[Any, Any]] = (),
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]:
        """As `process`, with a `ValueProcessor`: the key stays, so no repartition is needed behind."""
        return Stream(process_values_of(self.node, processor, name, stores, value))

    @overload
    def process_async(
        self,
        call: Callable[[V_co], Coroutine[Any, Any, R]],
        *,
        concurrency: int = 16,
        timeout_ms: int = 30_000,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def process_async(
        self,
        call: Callable[[K, V_co], Coroutine[Any, Any, R]],
        *,
        concurrency: int = 16,
        timeout_ms: int = 30_000,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    def process_async(
        self,
        call: Callable[..., Coroutine[Any, Any, Any]],
        *,
        concurrency: int = 16,
        timeout_ms: int = 30_000,
        value: Any = None,
    ) -> Stream[K, Any]:
        """Replaces the value by what an asynchronous function answers, such as a service that is asked.

        Up to `concurrency` calls of a task are under way at once, those of one key one after the other; one that takes
        longer than `timeout_ms` fails, as its record then does. Records go on in their order, and nothing of one is
        committed before its answer has come; after a crash it is asked for again. `value` is the type of the
        answers, where the function's annotation does not tell. Raises `TopologyError` elsewhere than right behind a
        topic, and for a function that is not asynchronous.
        """
        return Stream(process_async_of(self.node, call, concurrency, timeout_ms, value))

    def split(self) -> Branches[K, V_co]:
        """Begins branches: `big, small = orders.split().branch(is_big).default()`.

        A record goes to the first branch whose predicate is true.
        """
        return Branches(self.node)

    @overload
    def deduplicate(self, name: str, within: int) -> Stream[K, V_co]: ...
    @overload
    def deduplicate(self, name: str, within: int, *, by: Callable[[V_co], object]) -> Stream[K, V_co]: ...
    @overload
    def deduplicate(self, name: str, within: int, *, by: Callable[[K, V_co], object]) -> Stream[K, V_co]: ...
    def deduplicate(self, name: str, within: int, *, by: Callable[..., Any] | None = None) -> Stream[K, V_co]:
        """Drops a record when one with the same id has passed whose timestamp is at most `within` ms away.

        The id is the key, or what `by` returns; records of one id must be on one partition. Records without an id
        are dropped, and records older than stream time - `within`, which are counted as late. `name` must not
        change between releases: it names the state. Raises `TopologyError` for a name that is not kebab-case.
        """
        return Stream(deduplicate_of(self.node, name, within, by))

    @overload
    def select_key(self, selector: Callable[[V_co], K2], *, key: TypeForm[K2] | None = None) -> Stream[K2, V_co]: ...
    @overload
    def select_key(self, selector: Callable[[K, V_co], K2], *, key: TypeForm[K2] | None = None) -> Stream[K2, V_co]: ...
    def select_key(self, selector: Callable[..., Any], *, key: Any = None) -> Stream[Any, V_co]:
        """Replaces the key by what `selector` returns.

        `key` is its type, where the function's annotation does not tell.
        """
        return Stream(steps.select_key_of(self.node, "select_key", selector, key))

    def repartition(
        self,
        name: str,
        partitions: int | None = None,
        *,
        partitioner: Partitioner[K, V_co] | None = None,
    ) -> Stream[K, V_co]:
        """Sends each record to the partition of its key, through `<application>-<name>-repartition`.

        Null keys are dropped, unless a left join behind needs them. `partitions` None: as many as the source
        topics have, or as a table joined behind. `partitioner` gives another partition than the key's, from the
        value, its key if it wants it, and the number of partitions. Needed between a step that changes the key and
        one that counts or joins by it. Raises `TopologyError` for a name that is not kebab-case.
        """
        return Stream(steps.repartition_of(self.node, name, partitions, partitioner))

    @overload
    def group_by(
        self,
        selector: Callable[[V_co], K2],
        name: str,
        *,
        key: TypeForm[K2] | None = None,
        partitions: int | None = None,
    ) -> GroupedStream[K2, V_co]: ...
    @overload
    def group_by(
        self,
        selector: Callable[[K, V_co], K2],
        name: str,
        *,
        key: TypeForm[K2] | None = None,
        partitions: int | None = None,
    ) -> GroupedStream[K2, V_co]: ...
    def group_by(
        self, selector: Callable[..., Any], name: str, *, key: Any = None, partitions: int | None = None
    ) -> GroupedStream[Any, V_co]:
        """Groups the records by a new key, through the topic `<application>-<name>-repartition`.

        Records whose new key is null are dropped. `key` is the key's type, where the function's annotation
        does not tell. Raises `TopologyError` for a name that is not kebab-case.
        """
        keyed = steps.select_key_of(self.node, f"group_by {name!r}", selector, key, name)
        return GroupedStream(steps.grouping_of(keyed, "group_by", name, partitions))

    def group_by_key(self, name: str | None = None) -> GroupedStream[K, V_co]:
        """Groups the records by the key they have.

        Where a step has changed it, `name` names the repartition topic that is then needed; elsewhere it has
        no effect. Raises `TopologyError` when it is needed and missing.
        """
        return GroupedStream(steps.grouping_by_key_of(self.node, name))

    def to_table(self, name: str, *, ttl: int | None = None, materialized: bool = True) -> Table[K, V_co]:
        """The stream's records as the changes of a table, kept under `name`: a null value deletes a row.

        Records with a null key are dropped. A table that is not `materialized` is kept only if a step needs its
        rows. Rows that no record has renewed for `ttl` ms of the table's time are deleted, see `table`. Raises
        `TopologyError` when a step has changed the key, or for a name that is not kebab-case.
        """
        return Table(to_table_of(self.node, name, ttl=ttl, materialized=materialized))

    @overload
    def to(self, topic: Destination[K, V_co], *, partitioner: Partitioner[K, V_co] | None = None) -> End: ...
    @overload
    def to(
        self,
        topic: Callable[[V_co], Topic[Any, Any]] | Callable[[K, V_co], Topic[Any, Any]],
        topics: Sequence[Destination[K, V_co]],
        *,
        partitioner: Partitioner[K, V_co] | None = None,
    ) -> End: ...
    def to(
        self, topic: Any, topics: Sequence[Any] | None = None, *, partitioner: Callable[..., int] | None = None
    ) -> End:
        """Writes the records to a `Topic`, or each to the one of `topics` that a function chooses for it.

        `partitioner` gives another partition than the key's, from the value, its key if it wants it, and the number
        of partitions. Raises `TopologyError` when a topic holds other types.
        """
        if topics is None:
            return End(steps.sink_of(self.node, topic, partitioner))
        return End(steps.chosen_sink_of(self.node, topic, topics, partitioner))


@overload
def stream(
    topic: Topic[K, V] | TopicPattern[K, V],
    /,
    *topics: Topic[K, V],
    timestamp: Callable[[V], int | None] | None = None,
    reset: Reset = "earliest",
) -> Stream[K, V]: ...
@overload
def stream(
    topic: Topic[K, V] | TopicPattern[K, V],
    /,
    *topics: Topic[K, V],
    timestamp: Callable[[K, V], int | None],
    reset: Reset = "earliest",
) -> Stream[K, V]: ...
def stream(
    topic: Topic[Any, Any] | TopicPattern[Any, Any],
    /,
    *topics: Topic[Any, Any],
    timestamp: Callable[..., int | None] | None = None,
    reset: Reset = "earliest",
) -> Stream[Any, Any]:
    """The records of a topic, of several of one type, or of all whose names match a `TopicPattern`.

    Records are in the order of their partitions. `timestamp` gives a record's time in ms since the epoch, where it
    is not the one Kafka has; None or a negative one drops the record. `reset` says where a partition begins of
    which the group has committed nothing yet: at the `earliest` record, behind the `latest`, or, with `none`, not
    at all, which is an error. Raises `TopologyError` for topics of different types.
    """
    return Stream(source_of(topic, topics, timestamp, reset))
