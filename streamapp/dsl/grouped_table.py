"""Tables grouped by another key. Knows nothing of how changes get there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from streamapp.dsl import table_steps
from streamapp.dsl.node import Node

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from streamapp.dsl.table import Table

K = TypeVar("K")
V = TypeVar("V")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class GroupedTable(Generic[K, V]):
    """Rows grouped by another key, to be counted or aggregated; made by `group_by` of a table.

    When a row changes, what it was is taken from its old group, then what it is now is added to its new one.
    Names must not change between releases: they name the state.
    """

    grouping: Callable[[], Node]
    """Gives the node whose changes are grouped, always the same one."""

    def count(self, name: str) -> Table[K, int]:
        """How many rows each group has. Raises `TopologyError` for a name that is not kebab-case."""
        return _table(table_steps.table_count_of(self.grouping(), name))

    @overload
    def reduce(self, adder: Callable[[V, V], V], subtractor: Callable[[V, V], V], name: str) -> Table[K, V]: ...
    @overload
    def reduce(self, adder: Callable[[K, V, V], V], subtractor: Callable[[K, V, V], V], name: str) -> Table[K, V]: ...
    def reduce(self, adder: Callable[..., V], subtractor: Callable[..., V], name: str) -> Table[K, V]:
        """Combines the values of each group: `adder(aggregate, value)`; the first value is its aggregate.

        `subtractor(aggregate, value)` takes a value away. Both may take the key before them; a null result
        deletes the group. Raises `TopologyError` for a name that is not kebab-case, or a function that does not fit.
        """
        return _table(table_steps.table_reduce_of(self.grouping(), adder, subtractor, name))

    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        adder: Callable[[A, V], A],
        subtractor: Callable[[A, V], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
    ) -> Table[K, A]: ...
    @overload
    def aggregate(
        self,
        initializer: Callable[[], A],
        adder: Callable[[K, A, V], A],
        subtractor: Callable[[K, A, V], A],
        name: str,
        *,
        value: TypeForm[A] | None = None,
    ) -> Table[K, A]: ...
    def aggregate(
        self,
        initializer: Callable[[], Any],
        adder: Callable[..., Any],
        subtractor: Callable[..., Any],
        name: str,
        *,
        value: Any = None,
    ) -> Table[K, Any]:
        """Folds the values of each group: `adder(aggregate, value)` gives the next aggregate.

        `subtractor(aggregate, value)` takes a value away. Both may take the key before them; a null result
        deletes the group. `value` is the type of the aggregate, where the functions do not tell. Raises
        `TopologyError` for a name that is not kebab-case, or a function that does not fit.
        """
        return _table(table_steps.table_aggregate_of(self.grouping(), initializer, adder, subtractor, name, value))


def _table(node: Node) -> Table[Any, Any]:
    from streamapp.dsl.table import Table  # late: tables lead to groups, and groups to tables

    return Table(node)
