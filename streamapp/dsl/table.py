"""Tables: the last value of each key, or of each key and window.

Knows nothing of how rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl import table_steps
from streamapp.dsl.grouped_table import GroupedTable
from streamapp.dsl.node import Node, ToStream
from streamapp.dsl.source import table_source_of
from streamapp.dsl.suppression import Until
from streamapp.dsl.table_joins import TableJoins
from streamapp.dsl.topic import Topic
from streamapp.dsl.window_steps import late_of, suppress_of

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from streamapp.dsl.stream import Stream

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")
K2 = TypeVar("K2")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Table(TableJoins[K, V_co], Generic[K, V_co]):
    """Rows that change: each key has one value or none. Made by `table` and by aggregations.

    The table of a windowed aggregation has `Windowed` keys. Functions take the value, or the key and the value
    when they cannot do with one argument; none is given a null value, which stays null. The result of a step
    without a name keeps no rows: they follow from those of the table before, when somebody asks.
    """

    node: Node

    @overload
    def filter(self, predicate: Callable[[V_co], bool], name: str | None = None) -> Table[K, V_co]: ...
    @overload
    def filter(self, predicate: Callable[[K, V_co], bool], name: str | None = None) -> Table[K, V_co]: ...
    def filter(self, predicate: Callable[..., bool], name: str | None = None) -> Table[K, V_co]:
        """The rows for which `predicate` is true, kept under `name` when there is one.

        Where the table before does not know old values, a rejected row is deleted again with each of its changes.
        """
        return Table(table_steps.table_filter_of(self.node, "filter", predicate, name, negate=False))

    @overload
    def filter_not(self, predicate: Callable[[V_co], bool], name: str | None = None) -> Table[K, V_co]: ...
    @overload
    def filter_not(self, predicate: Callable[[K, V_co], bool], name: str | None = None) -> Table[K, V_co]: ...
    def filter_not(self, predicate: Callable[..., bool], name: str | None = None) -> Table[K, V_co]:
        """The rows for which `predicate` is false, kept under `name` when there is one."""
        return Table(table_steps.table_filter_of(self.node, "filter_not", predicate, name, negate=True))

    @overload
    def map_values(
        self, mapper: Callable[[V_co], R], name: str | None = None, *, value: TypeForm[R] | None = None
    ) -> Table[K, R]: ...
    @overload
    def map_values(
        self, mapper: Callable[[K, V_co], R], name: str | None = None, *, value: TypeForm[R] | None = None
    ) -> Table[K, R]: ...
    def map_values(self, mapper: Callable[..., Any], name: str | None = None, *, value: Any = None) -> Table[K, Any]:
        """The rows with their values replaced by what `mapper` returns, kept under `name` when there is one.

        `value` is the type of the results, where the function's annotation does not tell.
        """
        return Table(table_steps.table_map_values_of(self.node, mapper, name, value))

    @overload
    def group_by(
        self,
        mapper: Callable[[V_co], tuple[K2 | None, R | None]],
        name: str,
        *,
        key: TypeForm[K2] | None = None,
        value: TypeForm[R] | None = None,
        partitions: int | None = None,
    ) -> GroupedTable[K2, R]: ...
    @overload
    def group_by(
        self,
        mapper: Callable[[K, V_co], tuple[K2 | None, R | None]],
        name: str,
        *,
        key: TypeForm[K2] | None = None,
        value: TypeForm[R] | None = None,
        partitions: int | None = None,
    ) -> GroupedTable[K2, R]: ...
    def group_by(
        self,
        mapper: Callable[..., Any],
        name: str,
        *,
        key: Any = None,
        value: Any = None,
        partitions: int | None = None,
    ) -> GroupedTable[Any, Any]:
        """Groups the rows by the key of the pair `mapper` returns, through `<application>-<name>-repartition`.

        Pairs with a null key or value are left out. `key` and `value` are the pair's types, where the function's
        annotation does not tell. Raises `TopologyError` for a name that is not kebab-case.
        """
        return GroupedTable(table_steps.table_grouping_of(self.node, mapper, name, key, value, partitions))

    def suppress(self, until: Until, name: str) -> Table[K, V_co]:
        """Holds each key's changes back and passes on the last: `until_window_closes()`, `until_time_limit(ms)`.

        Time is that of the records. `name` must not change between releases: it names the state. Raises
        `TopologyError` for a name that is not kebab-case, or a table without windows that could close (KIP-328).
        """
        return Table(suppress_of(self.node, until, name))

    def late(self) -> Stream[Any, Any]:
        """The records that came too late for a window of this table, which a windowed aggregation has made.

        Each is there once, as it came in, though it may have been late for several windows. Raises
        `TopologyError` for any other table.
        """
        from streamapp.dsl.stream import Stream  # late: streams lead to tables, and tables to streams

        return Stream(late_of(self.node))

    def to_stream(self) -> Stream[K, V_co]:
        """The table's changes as records: the key and its new value, a null value where a row was deleted."""
        from streamapp.dsl.stream import Stream  # late: streams lead to tables, and tables to streams

        return Stream(ToStream(parents=(self.node,), key=self.node.key, value=self.node.value))


@overload
def table(
    topic: Topic[K, V],
    name: str,
    *,
    history: int | None = None,
    ttl: int | None = None,
    timestamp: Callable[[V], int | None] | None = None,
    materialized: bool = True,
) -> Table[K, V]: ...
@overload
def table(
    topic: Topic[K, V],
    name: str,
    *,
    history: int | None = None,
    ttl: int | None = None,
    timestamp: Callable[[K, V], int | None],
    materialized: bool = True,
) -> Table[K, V]: ...
def table(
    topic: Topic[Any, Any],
    name: str,
    *,
    history: int | None = None,
    ttl: int | None = None,
    timestamp: Callable[..., int | None] | None = None,
    materialized: bool = True,
) -> Table[Any, Any]:
    """The last value of each key in `topic`, kept under `name`.

    Records with a null key are dropped; a null value deletes the row. With a `history`, in ms back from stream
    time, older values are kept too: a stream's record that is joined finds the row of its own time, and a record
    that comes too late for the history is dropped (KIP-889, KIP-914). With a `ttl`, rows whose timestamp is older
    than the highest in the table less so many ms are deleted, and records as old as that are dropped. `timestamp`
    gives a record's time, as in `stream`. A table that is not `materialized` is kept only if a step needs its rows.
    `name` must not change between releases: it names the state. Raises `TopologyError` for a name that is not
    kebab-case, a negative history, or a ttl that is not positive.
    """
    return Table(table_source_of(topic, name, history=history, ttl=ttl, timestamp=timestamp, materialized=materialized))
