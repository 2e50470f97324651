"""The contract of an operator: how a node becomes functions that records flow through.

An operator is an `Operator` value in the registry (`operators`), made of three functions of its node:

- `build(node, context, forward)` gives one input function for each parent of the node, in the parents' order
  (one for a node that reads a topic). It runs once per task. What it returns runs once per record, so it is a
  closure with plain arguments: a stream edge is called with `(key, value, timestamp, headers)`, a table edge
  with `(key, new, old, timestamp, headers)`. It hands results to `forward`, depth first; that order is the
  order of outputs.
- `stores(node, codec_for)` declares the stores it needs. Everything that must survive a restart is in a store
  (rows in a buffer, pending results) or in a clock (`Context.clock`); nothing else may decide a result.
- `view(node, context)` for a table: a function that looks up a key's `(value, timestamp)`, for joins.

A record is atomic. Stores note in the task's journal what they overwrite; an operator that changes anything
else (a clock, a counter) appends `(container, key, old value)` to `Context.journal` first, and is undone with
the rest.

Knows no particular operator, and nothing of tasks or bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from streamapp.dsl.changes import Changes
from streamapp.dsl.node import Function, Node
from streamapp.dsl.nodes_table import GlobalTable
from streamapp.engine.limits import Limits
from streamapp.engine.punctuation import BEFORE_ALL, Punctuations
from streamapp.engine.records import Headers, Output, Row
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.store import MISSING, KeyValueStore, Store, TimedStore, Undo, VersionedStore, WindowStore

if TYPE_CHECKING:
    from streamapp.engine.record_cache import RecordCache

Forward: TypeAlias = Callable[..., None]
"""An edge. Stream: (key, value, timestamp, headers); table: (key, new, old, timestamp, headers)."""

View: TypeAlias = Callable[[Any], tuple[Any, int] | None]
"""Looks up a table's row: value and timestamp (ms), or None."""

AsOf: TypeAlias = Callable[[Any, int], tuple[Any, int] | None]
"""Looks up the row a table had at a time (ms)."""


class Here:
    """The record in process, for what must name its cause."""

    __slots__ = ("is_record", "mark", "ordinal", "partition", "row", "topic", "wall_clock")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.topic = ""
        self.row: Row = (0, 0, None, None, ())
        self.mark = 0
        """How many outputs there were before this record."""
        self.ordinal = 0
        """The number of its first output."""
        self.is_record = True
        """False in a punctuation, when `topic` and `row` stand for the punctuation and its time."""
        self.wall_clock = 0
        """The time of the machine (ms), as far as the task has been told."""


@dataclass
class Context:
    """What an operator may use of its task."""

    application: str
    here: Here
    stores: Mapping[str, Store]
    views: Callable[[Node, Context], View]
    as_ofs: Callable[[Node, Context], AsOf]
    codec_for: CodecFor
    """The codecs of types, for what must be compared or digested as bytes."""
    changes: Changes = field(default_factory=Changes)
    global_stores: Mapping[str, Store] = field(default_factory=dict)
    """The stores of global tables, which the tasks of a process share and only read."""
    limits: Sequence[Limits] = ()
    """What the topic of each sink accepts, in the order of the sinks; none: everything."""
    journal: Undo = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    """The clocks: the highest timestamp (ms) each operator, and each partition, has seen."""
    starters: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    """What is to be called before the first record, when the stores have been restored, by processor."""
    functions: list[Function] = field(default_factory=list)
    """The author's functions among the methods of processors, for errors."""
    closers: list[Callable[[], object]] = field(default_factory=list)
    """What is to be called when the task is closed."""
    expiring: list[Callable[[], object]] = field(default_factory=list)
    """What removes rows that have expired, called before each commit."""
    late: dict[str, int] = field(default_factory=dict)
    """Records dropped as late, by operator; part of the operator's state."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Records dropped for a null key or value, by operator, since the task was opened."""
    answers: dict[tuple[Node, str, int], tuple[Any, Exception | None]] = field(default_factory=dict)
    """What asynchronous functions have answered or raised, by step, topic and offset, for records to be processed."""
    silences: list[tuple[str, Callable[[int], object]]] = field(default_factory=list)
    """The clocks of steps that go on in silence, and what is called then with the time (ms); the last step first."""
    late_edges: dict[Node, Forward] = field(default_factory=dict)
    """Where the records go that come too late for a node's windows; nodes are missing that nobody asks."""
    effects: bool = True
    """Whether what steps are there for is done (peek, for_each, print), or only what their records become."""
    cache: RecordCache | None = None
    """Where changes of tables wait for the commit; None: nowhere."""
    cached: frozenset[Node] = frozenset()
    """The tables whose changes wait in the record cache."""
    outdated: dict[Node, bool] = field(default_factory=dict)
    """Of each table with versions, whether the change in process is of an older version than the last."""

    def __post_init__(self) -> None:
        self.punctuations = Punctuations(self.times, self.journal)

    def key_value_store(self, name: str) -> KeyValueStore:
        """The store an operator has declared."""
        return cast(KeyValueStore, self.stores[name])

    def versioned_store(self, name: str) -> VersionedStore:
        """The store with a history an operator has declared."""
        return cast(VersionedStore, self.stores[name])

    def timed_store(self, name: str) -> TimedStore:
        """The store of rows by key and times an operator has declared."""
        return cast(TimedStore, self.stores[name])

    def window_store(self, name: str) -> WindowStore:
        """The window store an operator has declared."""
        return cast(WindowStore, self.stores[name])

    def clock(self, name: str) -> dict[str, int]:
        """Declares the clock `name` and returns all clocks.

        The clock of a store bears the store's name: what is older than it less the store's retention is
        removed.
        """
        self.times.setdefault(name, BEFORE_ALL)
        return self.times

    def view(self, table: Node) -> View:
        """Looks up rows of a table of this sub-topology."""
        return self.views(table, self)

    def global_view(self, table: GlobalTable) -> View:
        """Looks up rows of a global table."""
        store: Any = self.global_stores[table.store.name]
        view: View = store.get
        return view

    def as_of(self, table: Node) -> AsOf | None:
        """Looks up rows as they were at a time; None for a table without versions."""
        return self.as_ofs(table, self) if table in self.changes.versions else None

    def sends_old(self, table: Node) -> bool:
        """Whether the changes `table` gives must have the old value; elsewhere it is None."""
        return table in self.cached or self.changes.sends_old(table)

    def outdating(self, table: Node) -> Callable[[], bool]:
        """Tells whether the change of `table` in process is out of order (KIP-914); False without versions."""
        source, outdated = self.changes.versions.get(table), self.outdated
        if source is None:
            return _never
        outdated[source] = False
        return lambda: outdated[source]

    def counting(self, counts: dict[str, int], name: str) -> Callable[[], None]:
        """A function that adds one to `counts[name]`, undone with its record."""
        journal = self.journal

        def count() -> None:
            before = counts.get(name, MISSING)
            journal.append((counts, name, before))
            counts[name] = 1 if before is MISSING else before + 1

        return count


def _never() -> bool:
    return False


def no_stores(node: Any, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """Declares no store."""
    return ()


@dataclass(frozen=True, slots=True)
class Operator:
    """How nodes of one class run; see the module's docstring."""

    build: Callable[[Any, Context, Forward], tuple[Forward, ...]]
    stores: Callable[[Any, CodecFor], tuple[StoreSpec, ...]] = no_stores
    view: Callable[[Any, Context], View] | None = None
    as_of: Callable[[Any, Context], AsOf] | None = None
    """As `view`, of tables that have a history."""
    takes_null_keys: Callable[[Any], bool] = lambda node: False
    """Whether records with a null key matter to it, so that a repartition topic before it must keep them."""
    joins: bool = False
    """Whether it brings its parents together by key, so that their topics need equal partition counts."""


def fan_out(edges: Iterable[Forward]) -> Forward:
    """One function that calls all `edges` in order."""
    targets = tuple(edges)
    if not targets:
        return _nowhere
    if len(targets) == 1:
        return targets[0]

    def forward(*record: Any) -> None:
        for target in targets:
            target(*record)

    return forward


def _nowhere(*record: Any) -> None:
    """Where records go that nobody reads."""


__all__ = [
    "BEFORE_ALL",
    "AsOf",
    "Context",
    "Forward",
    "Headers",
    "Here",
    "Operator",
    "View",
    "fan_out",
    "no_stores",
]
