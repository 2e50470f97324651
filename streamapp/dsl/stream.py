"""Streams of records, and the steps that can follow one another.

Every step returns a new value and changes nothing; a stream named twice is a branch. A function takes the
value, or the key and the value when it cannot do with one argument. Knows nothing of how steps run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl import steps
from streamapp.dsl.grouped import GroupedStream
from streamapp.dsl.node import Node, Sink, Source
from streamapp.dsl.topic import Destination, Topic, checked_topic

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from streamapp.dsl.table import Table

K = TypeVar("K")
V = TypeVar("V")
W = TypeVar("W")
R = TypeVar("R")
K2 = TypeVar("K2")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class End:
    """Where a stream leaves a topology: what `to` gives, to be handed to `Topology`."""

    node: Sink


@dataclass(frozen=True, slots=True)
class Stream(Generic[K, V_co]):
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
    def select_key(self, selector: Callable[[V_co], K2], *, key: TypeForm[K2] | None = None) -> Stream[K2, V_co]: ...
    @overload
    def select_key(self, selector: Callable[[K, V_co], K2], *, key: TypeForm[K2] | None = None) -> Stream[K2, V_co]: ...
    def select_key(self, selector: Callable[..., Any], *, key: Any = None) -> Stream[Any, V_co]:
        """Replaces the key by what `selector` returns.

        `key` is its type, where the function's annotation does not tell.
        """
        return Stream(steps.select_key_of(self.node, "select_key", selector, key))

    def repartition(self, name: str, partitions: int | None = None) -> Stream[K, V_co]:
        """Sends each record to the partition of its key, through `<application>-<name>-repartition`.

        Null keys are dropped, unless a left join behind needs them. `partitions` None: as many as the source
        topics have, or as a table joined behind. Needed between a step that changes the key and
        one that counts or joins by it. Raises `TopologyError` for a name that is not kebab-case.
        """
        return Stream(steps.repartition_of(self.node, name, partitions))

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

    @overload
    def join(
        self,
        table: Table[K, W],
        joiner: Callable[[V_co, W], R],
        *,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def join(
        self,
        table: Table[K, W],
        joiner: Callable[[K, V_co, W], R],
        *,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    def join(self, table: Table[K, Any], joiner: Callable[..., Any], *, value: Any = None) -> Stream[K, Any]:
        """Looks each record's key up in `table` and gives what `joiner` makes of the value and the row.

        Records without a row are dropped, so are null keys and null values. Topics that are joined must have
        equal partition counts. Raises `TopologyError` when a step has changed the key.
        """
        return Stream(steps.join_of(self.node, table, "join", joiner, value, left=False))

    @overload
    def left_join(
        self,
        table: Table[K, W],
        joiner: Callable[[V_co, W | None], R],
        *,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def left_join(
        self,
        table: Table[K, W],
        joiner: Callable[[K, V_co, W | None], R],
        *,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    def left_join(self, table: Table[K, Any], joiner: Callable[..., Any], *, value: Any = None) -> Stream[K, Any]:
        """As `join`, but `joiner` gets None for a missing row, and null keys are kept (KIP-962)."""
        return Stream(steps.join_of(self.node, table, "left_join", joiner, value, left=True))

    def to(self, topic: Destination[K, V_co]) -> End:
        """Writes the records to a `Topic`; raises `TopologyError` when it holds other types."""
        return End(steps.sink_of(self.node, topic))


def stream(topic: Topic[K, V]) -> Stream[K, V]:
    """The records of `topic`, in the order of their partitions."""
    checked_topic("stream", topic)
    return Stream(Source(parents=(), key=topic.key, value=topic.value, topic=topic))
