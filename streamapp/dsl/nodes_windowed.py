"""The nodes around windows: cogroup, suppress, deduplicate, and what comes too late.

Knows nothing of streams and tables as authors see them, or of how these steps run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamapp.dsl.node import Function, Node, StoreOptions
from streamapp.dsl.suppression import Until
from streamapp.dsl.windows import Windows


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Cogroup(Node):
    """Folds the records of several grouped streams into one aggregate of each key (KIP-150); gives changes.

    `parents` are the streams, `aggregators` their functions, in the same order. Each has a stream time of its own.
    """

    store: StoreOptions
    initializer: Callable[[], Any]
    aggregators: tuple[Function, ...]
    windows: Windows | None = None
    merger: Function | None = None
    """Makes one aggregate of two; sessions have one."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Suppress(Node):
    """Holds a table's changes back and passes on the last one of each key (KIP-328)."""

    until: Until
    wait: int
    """How long (ms of stream time) a change waits: after its own time, or after the end of its window."""
    store: StoreOptions
    """What is held back; its name is Kafka's, the step's and `-store`."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Deduplicate(Node):
    """Drops a record when one with the same id and a timestamp at most `within` ms away has passed."""

    store: StoreOptions
    within: int
    selector: Function | None = None
    """Gives a record's id; None: its key is."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Late(Node):
    """The records that came too late for a window of the parent, as they came in."""
