"""Streams grouped by key and window of time. Knows nothing of stream time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl.aggregation import Windowing, aggregate_of, count_of, reduce_of
from streamapp.dsl.node import Emit, Node
from streamapp.dsl.table import Table
from streamapp.dsl.windows import SlidingWindows, TimeWindows, Windowed

if TYPE_CHECKING:
    from typing_extensions import TypeForm

K = TypeVar("K")
A = TypeVar("A")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class WindowedStream(Generic[K, V_co]):
    """Records grouped by key and window of time, to be counted, reduced or aggregated.

    A record that comes after its window has closed is dropped and counted as late (KIP-633); `Table.late` gives
    such records. `emit="update"` gives a result for every record, `"close"` one when a window has closed
    (KIP-825). `retention`, in ms back from stream time, is how long rows are kept: at least and by default what
    the windows need. Names must not change between releases: they name the state.
    """

    grouping: Callable[[], Node]
    windows: TimeWindows | SlidingWindows

    def count(self, name: str, *, emit: Emit = "update", retention: int | None = None) -> Table[Windowed[K], int]:
        """How many records each key has in each window; null keys are dropped.

        Raises `TopologyError` for a name that is not kebab-case, or a retention too short for the windows.
        """
        return Table(count_of(self.grouping(), name, Windowing(self.windows, retention, emit)))

    @overload
    def reduce(
        self, reducer: Callable[[V_co, V_co], V_co], name: str, *, emit: Emit = "update", retention: int | None = None
    ) -> Table[Windowed[K], V_co]: ...
    @overload
    def reduce(
        self,
        reducer: Callable[[K, V_co, V_co], V_co],
        name: str,
        *,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Windowed[K], V_co]: ...
    def reduce(
        self, reducer: Callable[..., Any], name: str, *, emit: Emit = "update", retention: int | None = None
    ) -> Table[Windowed[K], V_co]:
        """Combines the values of each key and window: `reducer(aggregate, value)`; the first is the aggregate.

        It may take the key before them. Null keys are dropped. Raises `TopologyError` as `count` does.
        """
        return Table(reduce_of(self.grouping(), reducer, name, Windowing(self.windows, retention, emit)))

    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[A, V_co], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Windowed[K], A]: ...
    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[K, A, V_co], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Windowed[K], A]: ...
    def aggregate(
        self,
        initializer: Callable[[], Any],
        aggregator: Callable[..., Any],
        name: str,
        *,
        value: Any = None,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Windowed[K], Any]:
        """Folds the records of each key and window: `aggregator(aggregate, value)` gives the next aggregate.

        It may take the key before them. `value` is the type of the aggregate, where the functions do not tell.
        Null keys are dropped, null aggregates delete the row. Raises `TopologyError` as `count` does.
        """
        windowing = Windowing(self.windows, retention, emit)
        return Table(aggregate_of(self.grouping(), initializer, aggregator, name, value, windowing))
