"""Several grouped streams that make one aggregate of each key. Knows nothing of how they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl.aggregation import Windowing, cogroup_of
from streamapp.dsl.node import Node
from streamapp.dsl.place import author_line
from streamapp.dsl.table import Table
from streamapp.dsl.types import contradicts, name_of, plain
from streamapp.dsl.windows import Session, SessionWindows, SlidingWindows, TimeWindows, Windowed
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from streamapp.dsl.grouped import GroupedStream

K = TypeVar("K")
A = TypeVar("A")
V = TypeVar("V")

Groupings = tuple[Callable[[], Node], ...]
Aggregators = tuple[Callable[..., Any], ...]


@dataclass(frozen=True, slots=True)
class CogroupedStream(Generic[K, A]):
    """Streams with one kind of key, each with the function that adds its records to the aggregate (KIP-150)."""

    groupings: Groupings
    aggregators: Aggregators

    @overload
    def cogroup(self, grouped: GroupedStream[K, V], aggregator: Callable[[A, V], A]) -> CogroupedStream[K, A]: ...
    @overload
    def cogroup(self, grouped: GroupedStream[K, V], aggregator: Callable[[K, A, V], A]) -> CogroupedStream[K, A]: ...
    def cogroup(self, grouped: GroupedStream[K, Any], aggregator: Callable[..., Any]) -> CogroupedStream[K, A]:
        """Adds a stream, whose topics must have as many partitions as the others'."""
        from streamapp.dsl.grouped import GroupedStream  # late: grouped streams lead here, and this to them

        if not isinstance(grouped, GroupedStream):
            raise TopologyError(
                f"cogroup at {author_line()}: a {type(grouped).__name__} is not a grouped stream: "
                "give what .group_by_key() or .group_by(function, name) returns"
            )
        return CogroupedStream((*self.groupings, grouped.grouping), (*self.aggregators, aggregator))

    @overload
    def windowed_by(self, windows: TimeWindows | SlidingWindows) -> CogroupedWindows[K, A]: ...
    @overload
    def windowed_by(self, windows: SessionWindows) -> CogroupedSessions[K, A]: ...
    def windowed_by(
        self, windows: TimeWindows | SlidingWindows | SessionWindows
    ) -> CogroupedWindows[K, A] | CogroupedSessions[K, A]:
        """Groups by window of time too. Each stream has a stream time of its own."""
        if isinstance(windows, SessionWindows):
            return CogroupedSessions(self, windows)
        if not isinstance(windows, TimeWindows | SlidingWindows):
            raise TopologyError(
                f"windowed_by at {author_line()}: {windows!r} is not windows: "
                "give tumbling(size_ms), hopping(…), sliding(…) or session(gap_ms)"
            )
        return CogroupedWindows(self, windows)

    def aggregate(self, initializer: Callable[[], A], name: str, *, value: TypeForm[A] | None = None) -> Table[K, A]:
        """The aggregate of each key, which `initializer` begins.

        `value` is its type, where the functions do not tell. Null keys and null values are dropped, a null
        aggregate deletes the row. Raises `TopologyError` for a name that is not kebab-case, or functions or
        keys that do not fit.
        """
        return Table(cogroup_of(self.nodes(), self.aggregators, initializer, name, value, Windowing()))

    def nodes(self) -> list[Node]:
        """The steps whose records are on the partition of their key; raises `TopologyError` for unlike keys."""
        nodes = [grouping() for grouping in self.groupings]
        for other in nodes[1:]:
            if contradicts(other.key, nodes[0].key):
                raise TopologyError(
                    f"cogroup at {author_line()}: the keys of the first stream are {name_of(plain(nodes[0].key))}, "
                    f"those of another {name_of(plain(other.key))}: group them by keys of one type"
                )
        return nodes


@dataclass(frozen=True, slots=True)
class CogroupedWindows(Generic[K, A]):
    """Cogrouped streams in windows of time."""

    cogrouped: CogroupedStream[K, A]
    windows: TimeWindows | SlidingWindows

    def aggregate(
        self,
        initializer: Callable[[], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
        retention: int | None = None,
    ) -> Table[Windowed[K], A]:
        """The aggregate of each key and window; the rest as in `CogroupedStream` and `WindowedStream`."""
        streams, windowing = self.cogrouped, Windowing(self.windows, retention)
        return Table(cogroup_of(streams.nodes(), streams.aggregators, initializer, name, value, windowing))


@dataclass(frozen=True, slots=True)
class CogroupedSessions(Generic[K, A]):
    """Cogrouped streams in sessions."""

    cogrouped: CogroupedStream[K, A]
    windows: SessionWindows

    def aggregate(
        self,
        initializer: Callable[[], A],
        name: str,
        *,
        merger: Callable[[A, A], A] | Callable[[K, A, A], A],
        value: TypeForm[A] | None = None,
        retention: int | None = None,
    ) -> Table[Session[K], A]:
        """The aggregate of each key and session; the rest as in `CogroupedStream` and `SessionStream`."""
        streams, windowing = self.cogrouped, Windowing(self.windows, retention)
        return Table(cogroup_of(streams.nodes(), streams.aggregators, initializer, name, value, windowing, merger))
