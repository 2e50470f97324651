"""Streams grouped by key and session. Knows nothing of stream time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl.aggregation import Windowing, aggregate_of, count_of, reduce_of
from streamapp.dsl.node import Emit, Node
from streamapp.dsl.table import Table
from streamapp.dsl.windows import Session, SessionWindows

if TYPE_CHECKING:
    from typing_extensions import TypeForm

K = TypeVar("K")
A = TypeVar("A")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class SessionStream(Generic[K, V_co]):
    """Records grouped by key and session, to be counted, reduced or aggregated.

    A record that lengthens or joins sessions deletes their rows, so the table gives a null for each before the
    new one (KIP-94). What comes after its session has closed is dropped and counted as late; `Table.late` gives
    such records. `emit` and `retention` as in `WindowedStream`. Names must not change between releases: they
    name the state.
    """

    grouping: Callable[[], Node]
    windows: SessionWindows

    def count(self, name: str, *, emit: Emit = "update", retention: int | None = None) -> Table[Session[K], int]:
        """How many records each key has in each session; null keys are dropped.

        Raises `TopologyError` for a name that is not kebab-case, or a retention too short for the sessions.
        """
        return Table(count_of(self.grouping(), name, Windowing(self.windows, retention, emit)))

    @overload
    def reduce(
        self, reducer: Callable[[V_co, V_co], V_co], name: str, *, emit: Emit = "update", retention: int | None = None
    ) -> Table[Session[K], V_co]: ...
    @overload
    def reduce(
        self,
        reducer: Callable[[K, V_co, V_co], V_co],
        name: str,
        *,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Session[K], V_co]: ...
    def reduce(
        self, reducer: Callable[..., Any], name: str, *, emit: Emit = "update", retention: int | None = None
    ) -> Table[Session[K], V_co]:
        """Combines the values of each key and session: `reducer(aggregate, value)`; the first is the aggregate.

        It merges sessions too: `reducer(earlier, later)`. It may take the key before them. Null keys are
        dropped. Raises `TopologyError` as `count` does.
        """
        return Table(reduce_of(self.grouping(), reducer, name, Windowing(self.windows, retention, emit)))

    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[A, V_co], A],
        name: str,
        *,
        merger: Callable[[A, A], A],
        value: TypeForm[A] | None = None,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Session[K], A]: ...
    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[A, V_co], A],
        name: str,
        *,
        merger: Callable[[K, A, A], A],
        value: TypeForm[A] | None = None,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Session[K], A]: ...
    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[K, A, V_co], A],
        name: str,
        *,
        merger: Callable[[A, A], A],
        value: TypeForm[A] | None = None,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Session[K], A]: ...
    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        aggregator: Callable[[K, A, V_co], A],
        name: str,
        *,
        merger: Callable[[K, A, A], A],
        value: TypeForm[A] | None = None,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Session[K], A]: ...
    def aggregate(
        self,
        initializer: Callable[[], Any],
        aggregator: Callable[..., Any],
        name: str,
        *,
        merger: Callable[..., Any],
        value: Any = None,
        emit: Emit = "update",
        retention: int | None = None,
    ) -> Table[Session[K], Any]:
        """Folds the records of each key and session: `aggregator(aggregate, value)` gives the next aggregate.

        `merger(aggregate, other)` makes one aggregate of two: the empty one is merged with each session found,
        then the record is added. Both may take the key before them. `value` is the type of the aggregate, where
        the functions do not tell. Null keys are dropped, null aggregates delete the row. Raises `TopologyError`
        as `count` does.
        """
        windowing = Windowing(self.windows, retention, emit)
        return Table(aggregate_of(self.grouping(), initializer, aggregator, name, value, windowing, merger))
