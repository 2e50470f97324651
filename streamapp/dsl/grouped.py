"""Streams grouped by key. Knows nothing of windows but that there are some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl.aggregation import aggregate_of, count_of
from streamapp.dsl.node import Node
from streamapp.dsl.place import author_line
from streamapp.dsl.table import Table
from streamapp.dsl.windowed import WindowedStream
from streamapp.dsl.windows import TimeWindows
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from typing_extensions import TypeForm

K = TypeVar("K")
A = TypeVar("A")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class GroupedStream(Generic[K, V_co]):
    """Records grouped by key, to be counted or aggregated, as a whole or window by window.

    Names must not change between releases: they name the state.
    """

    grouping: Callable[[], Node]
    """Gives the node whose records are grouped, always the same one; a repartition is made when it is first
    asked for, as in Kafka Streams: that fixes the numbers of sub-topologies."""

    @property
    def node(self) -> Node:
        """The step whose records are on the partition of their key."""
        return self.grouping()

    def windowed_by(self, windows: TimeWindows) -> WindowedStream[K, V_co]:
        """Groups by window of time too, such as `tumbling(HOUR)`."""
        if not isinstance(windows, TimeWindows):
            raise TopologyError(f"windowed_by at {author_line()}: {windows!r} is not windows: give tumbling(size_ms)")
        return WindowedStream(self.node, windows)

    def count(self, name: str) -> Table[K, int]:
        """How many records each key has; null keys and null values are dropped.

        Raises `TopologyError` for a name that is not kebab-case.
        """
        return Table(count_of(self.node, name))

    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[A, V_co], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
    ) -> Table[K, A]: ...

    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[K, A, V_co], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
    ) -> Table[K, A]: ...

    def aggregate(
        self,
        initializer: Callable[[], Any],
        aggregator: Callable[..., Any],
        name: str,
        *,
        value: Any = None,
    ) -> Table[K, Any]:
        """Folds the records of each key: `aggregator(aggregate, value)` gives the next aggregate.

        It may take the key before them. `value` is the type of the aggregate, where the functions do not
        tell.
        Null keys and null values are dropped, a null aggregate deletes the row. Raises `TopologyError` for a
        name that is not kebab-case, or a function that does not fit.
        """
        return Table(aggregate_of(self.node, initializer, aggregator, name, value))
