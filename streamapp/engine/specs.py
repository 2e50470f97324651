"""What a topology compiles to: sub-topologies with their sources, sinks and stores, as frozen values.

Names of internal topics and stores are the author's; the worker adds the application's prefix. Knows nothing
of how they are derived (`plan`) or run (`task`).
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from streamapp.dsl.changes import Changes
from streamapp.dsl.format import Codec, Format
from streamapp.dsl.node import Function, Node, Reset

if TYPE_CHECKING:
    from streamapp.dsl.attached import AttachedStore
    from streamapp.dsl.materialized import Materialized
    from streamapp.dsl.topology import Topology
    from streamapp.dsl.windows import Windows

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
    extractor: Function | None = None
    """Gives a record's timestamp, in place of the one it has."""
    reset: Reset = "earliest"
    """Where a partition begins of which the group has committed nothing."""

    @property
    def node(self) -> Node:
        """The first node that reads the topic."""
        return self.nodes[0]


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
    partitioner: Callable[[bytes | None, bytes | None, int], int | None] | None = None
    """The author's choice of a partition, given key, value and the number of partitions; None: by the key."""
    null_keys: bool = True
    """Whether a record with a null key is written; repartition drops it unless a join behind needs it."""


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """A state store: what it holds and where it is restored from."""

    name: str
    kind: Literal["key-value", "versioned", "window"]
    key: Codec[Any]
    """Of a window store, the codec of the key inside the window."""
    value: Codec[Any]
    retention: int | None = None
    """How long (ms, back from stream time) a window is kept; None: for ever."""
    window_size: int | None = None
    log: Literal["changelog", "source", "global", "none"] = "changelog"
    """`source`: the topic it is read from is its log, and it needs no changelog; `global`: all its partitions are;
    `none`: it has no log, and does not come back when it is lost."""
    source_topic: str | None = None
    subtopology: int = 0
    in_memory: bool = False
    """It is read from its log whenever its task is opened, instead of being kept on the disk."""
    may_log: bool = True
    """Whether it may have a changelog."""
    topic_config: tuple[tuple[str, str], ...] = ()
    """Options of the changelog, beyond the usual ones."""
    times: int = 0
    """How many times follow the key in the key of a row; 0: none that the store would know of."""
    order_of: str | None = None
    """The store with the rows that this one has in the order of their times, and nothing else."""

    def within(self, subtopology: int) -> StoreSpec:
        """The same store, as one of that sub-topology."""
        return replace(self, subtopology=subtopology)

    def logged(self) -> StoreSpec:
        """The same store with a changelog of its own, or with no log where it may not have one."""
        return replace(self, log="changelog" if self.may_log else "none", source_topic=None)

    def materialized(self, options: Materialized) -> StoreSpec:
        """The same store, kept as its author wants it."""
        found = replace(
            self,
            in_memory=options.in_memory,
            may_log=options.changelog,
            topic_config=tuple((options.topic_config or {}).items()),
        )
        return found.logged() if found.log == "changelog" else found


TableKind: TypeAlias = Literal["key-value", "versioned", "window", "session", "global"]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table whose rows can be looked at, and how they stand in its store; made by `streamapp.engine.tables`."""

    name: str
    kind: TableKind
    store: StoreSpec
    node: Node
    attached: AttachedStore[Any] | None
    """The author's own store, of a processor; None: the table is what `node` gives."""
    key: Codec[Any]
    """Of the key inside the window, where there are windows."""
    windows: Windows | None
    """Those of the aggregation that made it."""
    windowed_keys: bool
    """Its store is by key alone, and the keys have windows in them."""
    sessions: bool
    """Its windows are sessions."""
    index: str | None
    """The store that has the windows of such keys in the order of time."""
    retention: int | None
    """How long (ms, back from stream time) rows are kept: windows, versions that are not the last, rows that age."""

    @property
    def windowed(self) -> bool:
        """Each row is of a window."""
        return self.windowed_keys or self.store.kind == "window"

    @property
    def by_time(self) -> bool:
        """Its rows can be read in the order of their windows; else they are read in the order of their keys."""
        return self.index is not None or self.store.kind == "window"

    def logged(self) -> TableSpec:
        """The same table with a changelog of its own."""
        return replace(self, store=self.store.logged())


@dataclass(frozen=True, slots=True)
class SubTopology:
    """The nodes that share tasks: everything connected without a repartition topic in between."""

    number: int
    sources: tuple[SourceSpec, ...]
    sinks: tuple[SinkSpec, ...]
    stores: tuple[StoreSpec, ...]
    nodes: tuple[Node, ...]
    """In the order the author made them; a repartition node counts where it is read."""
    codec_for: CodecFor
    """Gives the codecs the plan was made with."""
    cache_max_bytes: int = 0
    """About how much may wait in the record cache of a task; 0: nothing waits."""
    idle_timeout_ms: int | None = None
    """After how much silence stream time goes on by the clock; None: never."""
    max_ahead_ms: int | None = None
    """How far ahead of the clock the records of its streams may be; None: they may be of any time."""
    uncached: frozenset[Node] = frozenset()
    """The tables whose changes do not wait all the same."""
    copartitioned: tuple[frozenset[str], ...] = ()
    """Source topics that must have equal partition counts, because a join brings them together."""
    changes: Changes = field(default_factory=Changes)
    """Which tables keep rows and tell old values, in the whole topology."""
    tables: tuple[TableSpec, ...] = ()
    """The tables among the stores; the others are hidden."""


@dataclass(frozen=True, slots=True)
class GlobalSpec:
    """A topic whose last values, of all partitions, each process keeps for all its tasks."""

    topic: str
    key: Codec[Any]
    value: Codec[Any]
    store: StoreSpec
    table: TableSpec


@dataclass(frozen=True, slots=True)
class Plan:
    """A topology ready to run; `subtopologies[n].number == n`."""

    topology: Topology
    subtopologies: tuple[SubTopology, ...]
    globals: tuple[GlobalSpec, ...] = ()
    """The global tables, in the order the author made them; their stores are not among `stores`."""

    @property
    def stores(self) -> tuple[StoreSpec, ...]:
        """The stores of all sub-topologies."""
        return tuple(store for sub in self.subtopologies for store in sub.stores)

    @property
    def tables(self) -> tuple[TableSpec, ...]:
        """What an author can look at of the stores, and the global tables."""
        return (*(table for sub in self.subtopologies for table in sub.tables), *(one.table for one in self.globals))

    def with_changelogs(self, topics: Container[str]) -> Plan:
        """The same plan where stores restored from one of `topics` get a changelog.

        A source topic is a store's log only while it is compacted: else it forgets rows that still count.
        """
        subtopologies = [
            replace(
                sub,
                stores=tuple(one.logged() if one.source_topic in topics else one for one in sub.stores),
                tables=tuple(one.logged() if one.store.source_topic in topics else one for one in sub.tables),
            )
            for sub in self.subtopologies
        ]
        return replace(self, subtopologies=tuple(subtopologies))
