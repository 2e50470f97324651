"""The nodes of tables: what is made of a table, and tables made of streams or of other tables.

Knows nothing of tables as authors see them, or of how they are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from streamapp.dsl.format import Format
from streamapp.dsl.node import Function, Node, StoreOptions
from streamapp.dsl.topic import Topic

Kind = Literal["inner", "left", "outer"]
"""Which rows without a partner a join keeps: none, those of the left side, or those of both."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ToTable(Node):
    """Reads a stream as the changes of a table: the last value of each key, a null value deletes."""

    store: StoreOptions
    materialized: bool = True
    """Keep the rows even when no step needs them."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class GlobalTable(Node):
    """Reads all partitions of a topic as one table that every task of a process shares."""

    topic: Topic[Any, Any]
    store: StoreOptions


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TableFilter(Node):
    """Keeps the rows for which `predicate` is true (false when `negate`); the others are deleted."""

    predicate: Function
    negate: bool = False
    store: StoreOptions | None = None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TableMapValues(Node):
    """Replaces each row's value by what `mapper` returns; it is never given a null value."""

    mapper: Function
    store: StoreOptions | None = None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TableGroupBy(Node):
    """Gives each change of a row under the key `mapper` returns: a stream of (new, old) values."""

    mapper: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TableAggregate(Node):
    """Adds what is new and takes away what is old of each (new, old); gives changes.

    `initializer` None: a reduce, whose first value is its aggregate.
    """

    store: StoreOptions
    initializer: Callable[[], Any] | None
    adder: Function
    subtractor: Function
    operation: Literal["count", "reduce", "aggregate"] = "aggregate"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TableJoin(Node):
    """Joins two tables by key; `parents` are the left and the right one."""

    joiner: Function
    how: Kind
    store: StoreOptions | None = None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Subscribe(Node):
    """Tells the right table's partitions which left rows want which of its rows; parent: the left table.

    Gives subscriptions, keyed by what `foreign_key` makes of the left row.
    """

    foreign_key: Function
    how: Kind
    key_format: Format | None
    """That of the other table's keys, so that subscriptions go to the partitions of its rows."""
    value_format: Format | None
    """That of this table's values, which are digested."""
    registration: str
    """What the topic of subscriptions is called, without the application's prefix and its kind."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Subscriptions(Node):
    """Keeps subscriptions and answers them; `parents` are the subscriptions' topic and the right table.

    Gives responses, keyed by the left row's key.
    """

    store: StoreOptions
    how: Kind
    alone: Function | None = None
    """Of an outer join: gives the key under which a right row stands that no left row wants."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ForeignKeyJoin(Node):
    """Joins responses with the left rows they are for; `parents` are the responses' topic and the left table."""

    joiner: Function
    how: Kind
    value_format: Format | None
    """That of the left table's values, which are digested."""
    store: StoreOptions
    materialized: bool = True
    """Keep the results even when no step needs them."""
