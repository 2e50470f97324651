"""Streams grouped by key. Knows nothing of windows but that there are some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl.aggregation import Windowing, aggregate_of, count_of, reduce_of
from streamapp.dsl.cogrouped import CogroupedStream
from streamapp.dsl.node import Node
from streamapp.dsl.place import author_line
from streamapp.dsl.sessions import SessionStream
from streamapp.dsl.table import Table
from streamapp.dsl.windowed import WindowedStream
from streamapp.dsl.windows import SessionWindows, SlidingWindows, TimeWindows
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from typing_extensions import TypeForm

K = TypeVar("K")
A = TypeVar("A")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class GroupedStream(Generic[K, V_co]):
    """Records grouped by key, to be counted, reduced or aggregated, as a whole or window by window.

    Names must not change between releases: they name the state.
    """

    grouping: Callable[[], Node]
    """Gives the node whose records are grouped, always the same one; a repartition is made when it is first
    asked for, as in Kafka Streams: that fixes the numbers of sub-topologies."""

    @property
    def node(self) -> Node:
        """The step whose records are on the partition of their key."""
        return self.grouping()

    @overload
    def windowed_by(self, windows: TimeWindows | SlidingWindows) -> WindowedStream[K, V_co]: ...
    @overload
    def windowed_by(self, windows: SessionWindows) -> SessionStream[K, V_co]: ...
    def windowed_by(
        self, windows: TimeWindows | SlidingWindows | SessionWindows
    ) -> WindowedStream[K, V_co] | SessionStream[K, V_co]:
        """Groups by window of time too, such as `tumbling(HOUR)` or `session(30 * MINUTE)`."""
        if isinstance(windows, SessionWindows):
            return SessionStream(self.grouping, windows)
        if not isinstance(windows, TimeWindows | SlidingWindows):
            raise TopologyError(
                f"windowed_by at {author_line()}: {windows!r} is not windows: "
                "give tumbling(size_ms), hopping(…), sliding(…) or session(gap_ms)"
            )
        return WindowedStream(self.grouping, windows)

    @overload
    def cogroup(self, aggregator: Callable[[A, V_co], A]) -> CogroupedStream[K, A]: ...
    @overload
    def cogroup(self, aggregator: Callable[[K, A, V_co], A]) -> CogroupedStream[K, A]: ...
    def cogroup(self, aggregator: Callable[..., Any]) -> CogroupedStream[K, Any]:
        """Begins one aggregate of several grouped streams, in which `aggregator` adds this one's records.

        `aggregator(aggregate, value)` gives the next aggregate, and may take the key before them (KIP-150).
        """
        return CogroupedStream((self.grouping,), (aggregator,))

    def count(self, name: str, *, ttl: int | None = None) -> Table[K, int]:
        """How many records each key has; null keys and null values are dropped.

        Rows that no record has renewed for `ttl` ms of the table's time are deleted, see `table`. Raises
        `TopologyError` for a name that is not kebab-case.
        """
        return Table(count_of(self.node, name, Windowing(ttl=ttl)))

    @overload
    def reduce(self, reducer: Callable[[V_co, V_co], V_co], name: str, *, ttl: int | None = None) -> Table[K, V_co]: ...
    @overload
    def reduce(
        self, reducer: Callable[[K, V_co, V_co], V_co], name: str, *, ttl: int | None = None
    ) -> Table[K, V_co]: ...
    def reduce(self, reducer: Callable[..., Any], name: str, *, ttl: int | None = None) -> Table[K, V_co]:
        """Combines the values of each key: `reducer(aggregate, value)`; the first value is the aggregate.

        It may take the key before them. Null keys and null values are dropped, a null result deletes the row.
        `ttl` as for `count`. Raises `TopologyError` for a name that is not kebab-case, or a function of another type.
        """
        return Table(reduce_of(self.node, reducer, name, Windowing(ttl=ttl)))

    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[A, V_co], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
        ttl: int | None = None,
    ) -> Table[K, A]: ...

    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[K, A, V_co], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
        ttl: int | None = None,
    ) -> Table[K, A]: ...

    def aggregate(
        self,
        initializer: Callable[[], Any],
        aggregator: Callable[..., Any],
        name: str,
        *,
        value: Any = None,
        ttl: int | None = None,
    ) -> Table[K, Any]:
        """Folds the records of each key: `aggregator(aggregate, value)` gives the next aggregate.

        It may take the key before them. `value` is the type of the aggregate, where the functions do not
        tell. Null keys and null values are dropped, a null aggregate deletes the row. `ttl` as for `count`. Raises
        `TopologyError` for a name that is not kebab-case, or a function that does not fit.
        """
        return Table(aggregate_of(self.node, initializer, aggregator, name, value, Windowing(ttl=ttl)))
