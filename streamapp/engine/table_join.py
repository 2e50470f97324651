"""Two tables joined by key: inner, left and outer.

A change on either side looks up the other side's row and gives a change of the result, with the later timestamp
of the two; a missing partner of an outer side is None to the joiner. The result has rows of its own only when it
is named, else they follow from those of the two sides (KTableKTableJoinMerger and its kin). Knows nothing of
foreign keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamapp.dsl.node import Function
from streamapp.dsl.nodes_table import TableJoin
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec

Joiner = Callable[[Any, Any, Any], Any]
"""Key, this side's value and the other side's to the result's."""


def table_join_stores(node: TableJoin, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row per key, when the author has named the result."""
    options = node.store
    if options is None:
        return ()
    return (StoreSpec(options.name, "key-value", codec_for(options.key, None), codec_for(options.value, None)),)


def build_table_join(node: TableJoin, context: Context, forward: Forward) -> tuple[Forward, Forward]:
    """Passes on what the joiner makes of each change on the left, and on the right."""
    left, right = node.parents
    join = joining(node.joiner)
    merge = _merging(node, context, forward)
    sends_old = context.sends_old(node)
    left_alone, right_alone = node.how != "inner", node.how == "outer"
    drop = context.counting(context.dropped, node.name or "table-join")
    return (
        _build_side(
            _Side(context.view(right), join, left_alone, right_alone, sends_old, context.outdating(left), drop), merge
        ),
        _build_side(
            _Side(
                context.view(left), _reversed(join), right_alone, left_alone, sends_old, context.outdating(right), drop
            ),
            merge,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """What a change of one side needs to know."""

    look_up_other: View
    join: Joiner
    stands_alone: bool
    """A row of this side gives a result without a partner."""
    other_stands_alone: bool
    sends_old: bool
    outdated: Callable[[], bool]
    drop: Callable[[], None]


def _build_side(side: _Side, merge: Forward) -> Forward:
    look_up_other, join, sends_old, outdated = side.look_up_other, side.join, side.sends_old, side.outdated
    stands_alone, other_stands_alone, drop = side.stands_alone, side.other_stands_alone, side.drop

    def process(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        if outdated():
            drop()
            return
        row = look_up_other(key)
        if row is None:
            if not stands_alone or (new is None and old is None):
                return
            other, always = None, False
        else:
            other, always = row[0], other_stands_alone
            if row[1] > timestamp:
                timestamp = row[1]
        joined = join(key, new, other) if always or new is not None else None
        before = join(key, old, other) if sends_old and (always or old is not None) else None
        merge(key, joined, before, timestamp, headers)

    return process


def _merging(node: TableJoin, context: Context, forward: Forward) -> Forward:
    """Keeps the result of either side, when it is named, and passes it on."""
    if node.store is None:
        return forward
    put = context.key_value_store(node.store.name).put

    def keep(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        put(key, new, timestamp)
        forward(key, new, old, timestamp, headers)

    return keep


def joining(function: Function) -> Joiner:
    """The author's joiner as a function of key, left and right value."""
    call = function.call
    return call if function.with_key else lambda key, left, right: call(left, right)


def _reversed(join: Joiner) -> Joiner:
    return lambda key, this, other: join(key, other, this)


def table_join_view(node: TableJoin, context: Context) -> View:
    """The joined row of a key."""
    if node.store is not None:
        return context.key_value_store(node.store.name).get
    look_up_left, look_up_right = map(context.view, node.parents)
    join, how = joining(node.joiner), node.how

    def view(key: Any) -> tuple[Any, int] | None:
        left = look_up_left(key)
        if left is None and how != "outer":
            return None
        right = look_up_right(key)
        if right is None and (how == "inner" or left is None):
            return None
        joined = join(key, None if left is None else left[0], None if right is None else right[0])
        timestamp = max(row[1] for row in (left, right) if row is not None)
        return None if joined is None else (joined, timestamp)

    return view
