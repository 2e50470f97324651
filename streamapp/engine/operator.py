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

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from streamapp.dsl.node import Node
from streamapp.engine.records import Headers, Output, Row
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.store import KeyValueStore, Store, Undo, WindowStore

Forward: TypeAlias = Callable[..., None]
"""An edge. Stream: (key, value, timestamp, headers); table: (key, new, old, timestamp, headers)."""

View: TypeAlias = Callable[[Any], tuple[Any, int] | None]
"""Looks up a table's row: value and timestamp (ms), or None."""

BEFORE_ALL = -1
"""What a clock shows before the first record."""


class Here:
    """The record in process, for what must name its cause."""

    __slots__ = ("mark", "partition", "row", "topic")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.topic = ""
        self.row: Row = (0, 0, None, None, ())
        self.mark = 0
        """How many outputs there were before this record."""


@dataclass
class Context:
    """What an operator may use of its task."""

    application: str
    here: Here
    stores: Mapping[str, Store]
    views: Callable[[Node, Context], View]
    journal: Undo = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    """The clocks: the highest timestamp (ms) each operator, and each partition, has seen."""
    late: dict[str, int] = field(default_factory=dict)
    """Records dropped as late, by operator; part of the operator's state."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Records dropped for a null key or value, by operator, since the task was opened."""

    def key_value_store(self, name: str) -> KeyValueStore:
        """The store an operator has declared."""
        return cast(KeyValueStore, self.stores[name])

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

    def counting(self, counts: dict[str, int], name: str) -> Callable[[], None]:
        """A function that adds one to `counts[name]`, undone with its record."""
        journal = self.journal

        def count() -> None:
            before = counts.get(name, 0)
            journal.append((counts, name, before))
            counts[name] = before + 1

        return count


def no_stores(node: Any, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """Declares no store."""
    return ()


@dataclass(frozen=True, slots=True)
class Operator:
    """How nodes of one class run; see the module's docstring."""

    build: Callable[[Any, Context, Forward], tuple[Forward, ...]]
    stores: Callable[[Any, CodecFor], tuple[StoreSpec, ...]] = no_stores
    view: Callable[[Any, Context], View] | None = None
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
    "Context",
    "Forward",
    "Headers",
    "Here",
    "Operator",
    "View",
    "fan_out",
    "no_stores",
]
