"""Global tables: the last value of each key of a whole topic, in every process.

Knows nothing of how rows are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from streamapp.dsl.naming import checked
from streamapp.dsl.node import Node, StoreOptions
from streamapp.dsl.nodes_table import GlobalTable as GlobalTableNode
from streamapp.dsl.topic import Topic, checked_topic

K = TypeVar("K")
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class GlobalTable(Generic[K, V_co]):
    """A topic's last values by key, all partitions in every process. Made by `global_table`."""

    node: Node


def global_table(topic: Topic[K, V], name: str) -> GlobalTable[K, V]:
    """The last value of each key in all partitions of `topic`, kept under `name` in every process.

    It is read to its end before anything else starts, and then goes on by itself: its rows have no place in the
    order of other topics' records. Records with a null key are dropped; a null value deletes the row. `name` must
    not change between releases: it names the state. Raises `TopologyError` for a name that is not kebab-case.
    """
    checked_topic("global_table", topic)
    store = StoreOptions(checked("global_table", name), topic.key, topic.value)
    return GlobalTable(
        GlobalTableNode(parents=(), key=topic.key, value=topic.value, name=name, topic=topic, store=store)
    )
