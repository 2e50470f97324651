"""The steps of a topology as a graph of frozen nodes, each holding its parents.

`Stream`, `Table` and their kin are thin typed views of these nodes; the engine compiles them. Knows nothing
of either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, TypeAlias

from streamapp.dsl.place import author_line
from streamapp.dsl.topic import Topic, TopicPattern
from streamapp.dsl.windows import Windows

_creation = count()

Emit: TypeAlias = Literal["update", "close"]
"""When a windowed aggregation gives results: at every update, or once, when a window has closed (KIP-825)."""

Reset: TypeAlias = Literal["earliest", "latest", "none"]
"""Where reading begins without a committed offset: at the first record, behind the last, or nowhere: an error."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the author: how to call it, and where it stands in the author's file for errors."""

    call: Callable[..., Any]
    with_key: bool
    """The key comes before the other arguments."""
    where: str
    """`name (file:line)`."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What an author may say of one store: its name, types, and how long a window stays (ms)."""

    name: str
    key: Any
    value: Any
    retention: int | None = None
    ttl: int | None = None
    """How long (ms, back from the table's time) a row lives that no record renews; None: for ever."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Node:
    """One step. Equal only to itself; `created` orders nodes as the author wrote them."""

    parents: tuple[Node, ...]
    key: Any
    """The type of the keys that leave this step; None when nothing is known of it."""
    value: Any
    """The type of the values that leave this step; None when nothing is known of it."""
    name: str | None = None
    key_changed: bool = False
    """A step since the last topic may have changed the key, so the partition may be wrong for it."""
    created: int = field(default_factory=_creation.__next__, init=False)
    place: str = field(default_factory=author_line, init=False)
    """`file:line` where the author made this step."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Source(Node):
    """Reads one topic or several as one stream of records."""

    topics: tuple[Topic[Any, Any], ...]
    """Of one type; none when there is a `pattern`."""
    pattern: TopicPattern[Any, Any] | None = None
    """All topics of such names are read, as many as there are."""
    extractor: Function | None = None
    """Gives a record's timestamp (ms), in place of the one it has; None or a negative one drops the record."""
    reset: Reset = "earliest"
    """Where the group begins that has not committed anything of a partition yet."""

    @property
    def topic(self) -> Topic[Any, Any] | TopicPattern[Any, Any]:
        """What is read: the first topic, or the pattern of all."""
        return self.topics[0] if self.pattern is None else self.pattern


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TableSource(Node):
    """Reads a topic as a table: the last value of each key. Gives changes (new, old)."""

    topic: Topic[Any, Any]
    store: StoreOptions
    materialized: bool = True
    """Keep the rows even when no step needs them."""
    history: int | None = None
    """How long (ms, back from stream time) older values of a key are kept too; None: only the last is."""
    extractor: Function | None = None
    """Gives a record's timestamp (ms), in place of the one it has; None or a negative one drops the record."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Filter(Node):
    """Keeps the records for which `predicate` is true (false when `negate`)."""

    predicate: Function
    negate: bool = False


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Map(Node):
    """Replaces key and value by the pair that `mapper` returns."""

    mapper: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class MapValues(Node):
    """Replaces the value by what `mapper` returns."""

    mapper: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SelectKey(Node):
    """Replaces the key by what `selector` returns."""

    selector: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Repartition(Node):
    """Writes to the internal topic `<application>-<name>-repartition` and reads it back by the new key.

    Records with a null key are dropped. `partitions` None: as many as the largest source topic of the writing
    sub-topology has, or as many as a table joined behind it has.
    """

    topic: Topic[Any, Any]
    """`<name>-repartition`, without the application's prefix."""
    partitions: int | None = None
    partitioner: Function | None = None
    """Gives the partition of a record, from its value, its key if it wants it, and the number of partitions."""
    grouped: bool = False
    """Made by a grouping, with its first aggregate."""
    carries: Literal["record", "change", "subscription", "response"] = "record"
    """What its values are: those of records, a table's (new, old), or the two halves of a foreign-key join."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Aggregate(Node):
    """Folds the values of a key (and window) into a store; gives changes (new, old).

    `count` is an aggregate with a function of our own, and `reduce` one whose first value is its aggregate.
    """

    store: StoreOptions
    initializer: Callable[[], Any]
    aggregator: Function
    windows: Windows | None = None
    is_count: bool = False
    is_reduce: bool = False
    merger: Function | None = None
    """Makes one aggregate of two; sessions have one."""
    emit: Emit = "update"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StreamTableJoin(Node):
    """Looks up each record's key in a table; `parents` are the stream and the table.

    Inner: no row, no result. Left: `joiner` gets None for a missing row. Null keys and null values are
    dropped (left: KIP-962 keeps null keys and joins them with None).
    """

    joiner: Function
    left: bool = False
    grace: int | None = None
    """How long (ms of stream time) a record waits for rows that come late; None: not at all."""
    store: StoreOptions | None = None
    """The records that wait."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ToStream(Node):
    """Turns a table's changes into records: the key and the new value."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Sink(Node):
    """Writes each record to a topic."""

    topic: Topic[Any, Any]
    partitioner: Function | None = None
    """Gives the partition of a record, from its value, its key if it wants it, and the number of partitions."""


def ancestors(ends: tuple[Node, ...]) -> Iterator[Node]:
    """Every node that feeds `ends`, and they themselves, in the order the author made them."""
    seen: set[Node] = set()
    todo = list(ends)
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(node.parents)
    return iter(sorted(seen, key=lambda node: node.created))
