"""The nodes of streams beyond those in `node`: flat maps, branches, merges, effects, and sinks chosen per record.

Knows nothing of streams as authors see them, or of how steps run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.node import Function, Node
from streamapp.dsl.topic import Topic


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FlatMap(Node):
    """Replaces each record by the pairs of key and value that `mapper` returns, none or many."""

    mapper: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FlatMapValues(Node):
    """Replaces each record by one for every value that `mapper` returns, none or many."""

    mapper: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Peek(Node):
    """Calls `action` with each record and passes the record on."""

    action: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ForEach(Node):
    """Calls `action` with each record, which ends there."""

    action: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Print(Node):
    """Writes each record, as `format` puts it, on a line of the standard output, after `[label]: `."""

    label: str
    format: Function


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Merge(Node):
    """Passes on the records of both `parents` as they come."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Split(Node):
    """Gives each record to the branch of the first predicate that is true.

    Its edge is called with the branch's number before the record; the default branch, if there is one, has the
    number after the last predicate's.
    """

    predicates: tuple[Function, ...]
    default: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Branch(Node):
    """Passes on the records that the parent, a `Split`, gives to branch `number`."""

    number: int


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ChosenSink(Node):
    """Writes each record to the one of `topics` that `chooser` returns."""

    chooser: Function
    topics: tuple[Topic[Any, Any], ...]
    partitioner: Function | None = None
    """Gives the partition of a record, from its value, its key if it wants it, and the number of partitions."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ProcessAsync(Node):
    """Replaces each value by what an asynchronous function answers; the parent reads a topic."""

    call: Function
    concurrency: int
    """How many calls may be under way in a task at once."""
    timeout_ms: int
    """How long one may take."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Process(Node):
    """Runs the processor that `supplier` makes for each task; `parents` are the stream and attached tables."""

    supplier: Function
    stores: tuple[AttachedStore[Any], ...] = ()
    values_only: bool = False
    """It is a `ValueProcessor`: the key stays."""
