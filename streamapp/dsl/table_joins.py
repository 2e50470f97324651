"""Joins of a table with another: by key, or by a foreign key in its rows.

Knows nothing of how joins run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl import table_join_steps
from streamapp.dsl.node import Node

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from streamapp.dsl.table import Table

K = TypeVar("K")
V_co = TypeVar("V_co", covariant=True)
W = TypeVar("W")
R = TypeVar("R")
KO = TypeVar("KO")


class TableJoins(Generic[K, V_co]):
    """The joins of a `Table`."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def node(self) -> Node:
            """The step that gives the table."""
            ...

    @overload
    def join(
        self,
        other: Table[K, W],
        joiner: Callable[[V_co, W], R],
        name: str | None = None,
        *,
        value: TypeForm[R] | None = None,
    ) -> Table[K, R]: ...
    @overload
    def join(
        self,
        other: Table[K, W],
        joiner: Callable[[K, V_co, W], R],
        name: str | None = None,
        *,
        value: TypeForm[R] | None = None,
    ) -> Table[K, R]: ...
    @overload
    def join(
        self,
        other: Table[KO, W],
        joiner: Callable[[V_co, W], R],
        name: str,
        *,
        foreign_key: Callable[[V_co], KO | None],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def join(
        self,
        other: Table[KO, W],
        joiner: Callable[[V_co, W], R],
        name: str,
        *,
        foreign_key: Callable[[K, V_co], KO | None],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def join(
        self,
        other: Table[KO, W],
        joiner: Callable[[K, V_co, W], R],
        name: str,
        *,
        foreign_key: Callable[[V_co], KO | None],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def join(
        self,
        other: Table[KO, W],
        joiner: Callable[[K, V_co, W], R],
        name: str,
        *,
        foreign_key: Callable[[K, V_co], KO | None],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    def join(
        self,
        other: Table[Any, Any],
        joiner: Callable[..., Any],
        name: str | None = None,
        *,
        foreign_key: Callable[..., Any] | None = None,
        value: Any = None,
        materialized: bool = True,
    ) -> Table[K, Any]:
        """The rows that both tables have, as `joiner` makes them of the two values; kept when there is a `name`.

        With `foreign_key`, a function of this table's value, or of key and value, the other table is looked up by
        what that gives; null gives no row. That takes two internal topics, called after `name`, and keeps the
        result unless it is not `materialized` and no step needs it. `value` is the result's type, where the
        function's annotation does not tell. Topics of tables joined by key must have equal partition counts.
        Raises `TopologyError` for a name that is not kebab-case, keys of other types, or a function that does
        not fit.
        """
        return _table(
            table_join_steps.join_of(self.node, other, joiner, "inner", name, foreign_key, value, materialized)
        )

    @overload
    def left_join(
        self,
        other: Table[K, W],
        joiner: Callable[[V_co, W | None], R],
        name: str | None = None,
        *,
        value: TypeForm[R] | None = None,
    ) -> Table[K, R]: ...
    @overload
    def left_join(
        self,
        other: Table[K, W],
        joiner: Callable[[K, V_co, W | None], R],
        name: str | None = None,
        *,
        value: TypeForm[R] | None = None,
    ) -> Table[K, R]: ...
    @overload
    def left_join(
        self,
        other: Table[KO, W],
        joiner: Callable[[V_co, W | None], R],
        name: str,
        *,
        foreign_key: Callable[[V_co], KO | None],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def left_join(
        self,
        other: Table[KO, W],
        joiner: Callable[[V_co, W | None], R],
        name: str,
        *,
        foreign_key: Callable[[K, V_co], KO | None],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def left_join(
        self,
        other: Table[KO, W],
        joiner: Callable[[K, V_co, W | None], R],
        name: str,
        *,
        foreign_key: Callable[[V_co], KO | None],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def left_join(
        self,
        other: Table[KO, W],
        joiner: Callable[[K, V_co, W | None], R],
        name: str,
        *,
        foreign_key: Callable[[K, V_co], KO | None],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    def left_join(
        self,
        other: Table[Any, Any],
        joiner: Callable[..., Any],
        name: str | None = None,
        *,
        foreign_key: Callable[..., Any] | None = None,
        value: Any = None,
        materialized: bool = True,
    ) -> Table[K, Any]:
        """As `join`, but every row of this table gives one: `joiner` gets None where the other has none."""
        return _table(
            table_join_steps.join_of(self.node, other, joiner, "left", name, foreign_key, value, materialized)
        )

    @overload
    def outer_join(
        self,
        other: Table[K, W],
        joiner: Callable[[V_co | None, W | None], R],
        name: str | None = None,
        *,
        value: TypeForm[R] | None = None,
    ) -> Table[K, R]: ...
    @overload
    def outer_join(
        self,
        other: Table[K, W],
        joiner: Callable[[K, V_co | None, W | None], R],
        name: str | None = None,
        *,
        value: TypeForm[R] | None = None,
    ) -> Table[K, R]: ...
    @overload
    def outer_join(
        self,
        other: Table[KO, W],
        joiner: Callable[[V_co | None, W | None], R],
        name: str,
        *,
        foreign_key: Callable[[V_co], KO | None],
        alone: Callable[[KO], K],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def outer_join(
        self,
        other: Table[KO, W],
        joiner: Callable[[V_co | None, W | None], R],
        name: str,
        *,
        foreign_key: Callable[[K, V_co], KO | None],
        alone: Callable[[KO], K],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def outer_join(
        self,
        other: Table[KO, W],
        joiner: Callable[[K, V_co | None, W | None], R],
        name: str,
        *,
        foreign_key: Callable[[V_co], KO | None],
        alone: Callable[[KO], K],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    @overload
    def outer_join(
        self,
        other: Table[KO, W],
        joiner: Callable[[K, V_co | None, W | None], R],
        name: str,
        *,
        foreign_key: Callable[[K, V_co], KO | None],
        alone: Callable[[KO], K],
        value: TypeForm[R] | None = None,
        materialized: bool = True,
    ) -> Table[K, R]: ...
    def outer_join(
        self,
        other: Table[Any, Any],
        joiner: Callable[..., Any],
        name: str | None = None,
        *,
        foreign_key: Callable[..., Any] | None = None,
        alone: Callable[..., Any] | None = None,
        value: Any = None,
        materialized: bool = True,
    ) -> Table[K, Any]:
        """As `join`, but every row of either table gives one: `joiner` gets None for the side that has none.

        With `foreign_key`, a row of the other table that no row of this one refers to stands in the result under
        what `alone` makes of its key, which should be no key of this table. (Kafka Streams has no such join.)
        """
        return _table(
            table_join_steps.join_of(self.node, other, joiner, "outer", name, foreign_key, value, materialized, alone)
        )


def _table(node: Node) -> Table[Any, Any]:
    from streamapp.dsl.table import Table  # late: a table has joins, and joins give tables

    return Table(node)
