"""Tables: the last value of each key, or of each key and window.

Knows nothing of how rows are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from streamapp.dsl.naming import checked
from streamapp.dsl.node import Node, StoreOptions, TableSource, ToStream
from streamapp.dsl.topic import Topic, checked_topic

if TYPE_CHECKING:
    from streamapp.dsl.stream import Stream

K = TypeVar("K")
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Table(Generic[K, V_co]):
    """Rows that change: each key has one value or none. Made by `table` and by aggregations.

    The table of a windowed aggregation has `Windowed` keys.
    """

    node: Node

    def to_stream(self) -> Stream[K, V_co]:
        """The table's changes as records: the key and its new value, a null value where a row was deleted."""
        from streamapp.dsl.stream import Stream  # late: streams lead to tables, and tables to streams

        return Stream(ToStream(parents=(self.node,), key=self.node.key, value=self.node.value))


def table(topic: Topic[K, V], name: str) -> Table[K, V]:
    """The last value of each key in `topic`, kept under `name`.

    Records with a null key are dropped; a null value deletes the row. `name` must not change between
    releases: it names the state. Raises `TopologyError` for a name that is not kebab-case.
    """
    checked_topic("table", topic)
    store = StoreOptions(checked("table", name), topic.key, topic.value)
    return Table(TableSource(parents=(), key=topic.key, value=topic.value, name=name, topic=topic, store=store))
