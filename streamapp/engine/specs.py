"""What a topology compiles to: sub-topologies with their sources, sinks and stores, as frozen values.

Names of internal topics and stores are the author's; the worker adds the application's prefix. Knows nothing
of how they are derived (`plan`) or run (`task`).
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from streamapp.dsl.format import Codec, Format
from streamapp.dsl.node import Node
from streamapp.engine.records import Row

if TYPE_CHECKING:
    from streamapp.dsl.topology import Topology

CodecFor = Callable[[Any, Format | None], Codec[Any]]
"""Gives the codec of a type and a format; None for the format means the default of the type."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A topic a sub-topology reads, once, for all the nodes that begin there."""

    topic: str
    internal: bool
    key: Codec[Any]
    value: Codec[Any]
    nodes: tuple[Node, ...]

    @property
    def node(self) -> Node:
        """The first node that reads the topic."""
        return self.nodes[0]

    def keeps(self, row: Row) -> bool:
        """Whether a table of the topic has a record: one without a key, or that does not decode, it never had."""
        _, _, key, value, _ = row
        if key is None:
            return False
        try:
            self.key.decode(key)
            if value is not None:
                self.value.decode(value)
        except Exception:  # noqa: BLE001 - whatever decoding raised, the task sent this record to the dead letters
            return False
        return True


@dataclass(frozen=True, slots=True)
class SinkSpec:
    """A topic a sub-topology writes; an output names it by its index in `SubTopology.sinks`."""

    topic: str
    internal: bool
    key: Codec[Any]
    value: Codec[Any]
    node: Node
    partition_bytes: Callable[[bytes], bytes] | None = None
    """The part of a key's bytes that decides its partition; None: all of it."""
    null_keys: bool = True
    """Whether a record with a null key is written; repartition drops it unless a join behind needs it."""


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """A state store: what it holds and where it is restored from."""

    name: str
    kind: Literal["key-value", "window"]
    key: Codec[Any]
    """Of a window store, the codec of the key inside the window."""
    value: Codec[Any]
    retention: int | None = None
    """How long (ms, back from stream time) a window is kept; None: for ever."""
    window_size: int | None = None
    log: Literal["changelog", "source"] = "changelog"
    """`source`: the topic it is read from is its log, and it needs no changelog."""
    source_topic: str | None = None
    subtopology: int = 0

    def within(self, subtopology: int) -> StoreSpec:
        """The same store, as one of that sub-topology."""
        return replace(self, subtopology=subtopology)

    def logged(self) -> StoreSpec:
        """The same store with a changelog of its own."""
        return replace(self, log="changelog", source_topic=None)


@dataclass(frozen=True, slots=True)
class SubTopology:
    """The nodes that share tasks: everything connected without a repartition topic in between."""

    number: int
    sources: tuple[SourceSpec, ...]
    sinks: tuple[SinkSpec, ...]
    stores: tuple[StoreSpec, ...]
    nodes: tuple[Node, ...]
    """In the order the author made them; a repartition node counts where it is read."""
    copartitioned: tuple[frozenset[str], ...] = ()
    """Source topics that must have equal partition counts, because a join brings them together."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A topology ready to run; `subtopologies[n].number == n`."""

    topology: Topology
    subtopologies: tuple[SubTopology, ...]

    @property
    def stores(self) -> tuple[StoreSpec, ...]:
        """The stores of all sub-topologies."""
        return tuple(store for sub in self.subtopologies for store in sub.stores)

    def with_changelogs(self, topics: Container[str]) -> Plan:
        """The same plan where stores restored from one of `topics` get a changelog.

        A source topic is a store's log only while it is compacted: else it forgets rows that still count.
        """
        subtopologies = [
            replace(sub, stores=tuple(one.logged() if one.source_topic in topics else one for one in sub.stores))
            for sub in self.subtopologies
        ]
        return replace(self, subtopologies=tuple(subtopologies))
