"""The nodes of joins of streams: with another stream, and with a global table.

Knows nothing of streams as authors see them, or of how joins run.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamapp.dsl.join_windows import JoinWindows
from streamapp.dsl.node import Function, Node, StoreOptions
from streamapp.dsl.nodes_table import Kind


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StreamJoin(Node):
    """Joins records of two streams that have one key and are near in time; `parents` are the two streams."""

    joiner: Function
    how: Kind
    windows: JoinWindows
    left: StoreOptions
    """The left stream's records, for as long as a right record may find them."""
    right: StoreOptions
    unmatched: str | None = None
    """The store of records that wait for a partner."""
    single_store: bool = False
    """The two streams are one, whose records are kept once."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StreamGlobalJoin(Node):
    """Looks up what `selector` makes of each record in a global table; `parents` are the stream and the table."""

    selector: Function
    joiner: Function
    left: bool = False
