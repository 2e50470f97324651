"""Joins of a stream: with a table, a global table, or another stream in a window of time.

Knows nothing of how joins run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl import join_steps
from streamapp.dsl.node import Node

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from streamapp.dsl.global_table import GlobalTable
    from streamapp.dsl.join_windows import JoinWindows
    from streamapp.dsl.stream import Stream
    from streamapp.dsl.table import Table

K = TypeVar("K")
V_co = TypeVar("V_co", covariant=True)
W = TypeVar("W")
R = TypeVar("R")
KO = TypeVar("KO")


class StreamJoins(Generic[K, V_co]):
    """The joins of a `Stream`."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def node(self) -> Node:
            """The step that gives the stream."""
            ...

    @overload
    def join(
        self,
        other: Table[K, W],
        joiner: Callable[[V_co, W], R],
        name: str | None = None,
        *,
        grace: int | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def join(
        self,
        other: Table[K, W],
        joiner: Callable[[K, V_co, W], R],
        name: str | None = None,
        *,
        grace: int | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def join(
        self,
        other: GlobalTable[KO, W],
        joiner: Callable[[V_co, W], R],
        *,
        key: Callable[[V_co], KO | None],
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def join(
        self,
        other: GlobalTable[KO, W],
        joiner: Callable[[V_co, W], R],
        *,
        key: Callable[[K, V_co], KO | None],
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def join(
        self,
        other: GlobalTable[KO, W],
        joiner: Callable[[K, V_co, W], R],
        *,
        key: Callable[[V_co], KO | None],
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def join(
        self,
        other: GlobalTable[KO, W],
        joiner: Callable[[K, V_co, W], R],
        *,
        key: Callable[[K, V_co], KO | None],
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def join(
        self,
        other: Stream[K, W],
        joiner: Callable[[V_co, W], R],
        name: str,
        *,
        within: JoinWindows,
        single_store: bool = False,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def join(
        self,
        other: Stream[K, W],
        joiner: Callable[[K, V_co, W], R],
        name: str,
        *,
        within: JoinWindows,
        single_store: bool = False,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    def join(
        self,
        other: Table[Any, Any] | GlobalTable[Any, Any] | Stream[Any, Any],
        joiner: Callable[..., Any],
        name: str | None = None,
        *,
        within: JoinWindows | None = None,
        grace: int | None = None,
        key: Callable[..., Any] | None = None,
        single_store: bool = False,
        value: Any = None,
    ) -> Stream[K, Any]:
        """Gives what `joiner` makes of each record's value and of what it finds under its key in `other`.

        In a table, the row; records without one are dropped. A table with a history is asked for the row of the
        record's own time; `grace` then holds records back for that many ms of stream time, in a buffer called
        after `name`, so that rows that come late are found. In a global table, the row under what the function
        `key` makes of the record. In a stream, each record not farther away in time than `within`; `name` names
        the state, and the result has the later time of the two. A stream joined with itself may keep its records
        once, in a `single_store`; a record that comes at the last moment is then not joined with itself. Records
        with a null key or value are dropped. Topics that are joined must have equal partition counts, except that
        of a global table. `value` is the result's type, where the function's annotation does not tell. Raises
        `TopologyError` when a step has changed the key, or something is missing or too much.
        """
        return _stream(
            join_steps.join_of(
                self.node,
                other,
                joiner,
                "inner",
                name=name,
                within=within,
                grace=grace,
                key=key,
                value=value,
                single_store=single_store,
            )
        )

    @overload
    def left_join(
        self,
        other: Table[K, W],
        joiner: Callable[[V_co, W | None], R],
        name: str | None = None,
        *,
        grace: int | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def left_join(
        self,
        other: Table[K, W],
        joiner: Callable[[K, V_co, W | None], R],
        name: str | None = None,
        *,
        grace: int | None = None,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def left_join(
        self,
        other: GlobalTable[KO, W],
        joiner: Callable[[V_co, W | None], R],
        *,
        key: Callable[[V_co], KO | None],
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def left_join(
        self,
        other: GlobalTable[KO, W],
        joiner: Callable[[V_co, W | None], R],
        *,
        key: Callable[[K, V_co], KO | None],
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def left_join(
        self,
        other: GlobalTable[KO, W],
        joiner: Callable[[K, V_co, W | None], R],
        *,
        key: Callable[[V_co], KO | None],
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def left_join(
        self,
        other: GlobalTable[KO, W],
        joiner: Callable[[K, V_co, W | None], R],
        *,
        key: Callable[[K, V_co], KO | None],
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def left_join(
        self,
        other: Stream[K, W],
        joiner: Callable[[V_co, W | None], R],
        name: str,
        *,
        within: JoinWindows,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def left_join(
        self,
        other: Stream[K, W],
        joiner: Callable[[K, V_co, W | None], R],
        name: str,
        *,
        within: JoinWindows,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    def left_join(
        self,
        other: Table[Any, Any] | GlobalTable[Any, Any] | Stream[Any, Any],
        joiner: Callable[..., Any],
        name: str | None = None,
        *,
        within: JoinWindows | None = None,
        grace: int | None = None,
        key: Callable[..., Any] | None = None,
        value: Any = None,
    ) -> Stream[K, Any]:
        """As `join`, but a record that finds nothing is joined with None, and null keys are kept (KIP-962).

        A record that finds none in a stream waits until stream time is more than the grace beyond its window, and
        leaves before the results of the record that moved the time.
        """
        return _stream(
            join_steps.join_of(
                self.node, other, joiner, "left", name=name, within=within, grace=grace, key=key, value=value
            )
        )

    @overload
    def outer_join(
        self,
        other: Stream[K, W],
        joiner: Callable[[V_co | None, W | None], R],
        name: str,
        *,
        within: JoinWindows,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    @overload
    def outer_join(
        self,
        other: Stream[K, W],
        joiner: Callable[[K, V_co | None, W | None], R],
        name: str,
        *,
        within: JoinWindows,
        value: TypeForm[R] | None = None,
    ) -> Stream[K, R]: ...
    def outer_join(
        self,
        other: Stream[K, Any],
        joiner: Callable[..., Any],
        name: str,
        *,
        within: JoinWindows,
        value: Any = None,
    ) -> Stream[K, Any]:
        """As `left_join` with another stream, for the records of both."""
        return _stream(join_steps.join_of(self.node, other, joiner, "outer", name=name, within=within, value=value))


def _stream(node: Node) -> Stream[Any, Any]:
    from streamapp.dsl.stream import Stream  # late: a stream has joins, and joins give streams

    return Stream(node)
