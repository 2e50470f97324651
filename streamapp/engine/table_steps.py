"""The steps of a table, row by row: filter, map_values, and the change of key that grouping begins with.

Functions of the author are never given a null value: where there is no row before, there is none behind
(KTableFilter, KTableMapValues, KTableRepartitionMap). Knows nothing of aggregates or joins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from streamapp.dsl.node import Function
from streamapp.dsl.nodes_table import TableFilter, TableGroupBy, TableMapValues
from streamapp.engine.operator import AsOf, Context, Forward, View
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec

View_: TypeAlias = TableFilter | TableMapValues

Change: TypeAlias = Callable[[Any, Any], Any]
"""Key and value to what becomes of the value; None for no row."""


def step_stores(node: View_, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """One row per key, when the author has named it."""
    options = node.store
    if options is None:
        return ()
    return (StoreSpec(options.name, "key-value", codec_for(options.key, None), codec_for(options.value, None)),)


def build_table_filter(node: TableFilter, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on each change as it looks through the predicate.

    A change between two rejected values is left out where old values are known; of a table with versions it is
    not, since the rows of the past are passed on too.
    """
    knows_old = context.sends_old(node) and node.parents[0] not in context.changes.versions
    return _build(node, _filtering(node), knows_old, context, forward)


def build_table_map_values(node: TableMapValues, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on each change with its values mapped."""
    return _build(node, _mapping(node), False, context, forward)


def _build(node: View_, change: Change, leaves_out: bool, context: Context, forward: Forward) -> tuple[Forward]:
    """Applies `change` to the new value, and to the old one where it is asked for."""
    sends_old = context.sends_old(node)
    if node.store is not None:
        return _build_kept(node.store.name, change, leaves_out, sends_old, context, forward)

    def process(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        new = change(key, new)
        old = change(key, old) if sends_old else None
        if new is None and old is None and leaves_out:
            return
        forward(key, new, old, timestamp, headers)

    return (process,)


def _build_kept(
    name: str, change: Change, leaves_out: bool, sends_old: bool, context: Context, forward: Forward
) -> tuple[Forward]:
    """As `_build`, with rows of its own that know the old value."""
    store = context.key_value_store(name)
    get, put = store.get, store.put

    def process(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        new = change(key, new)
        row = get(key) if sends_old else None
        old = None if row is None else row[0]
        if new is None and old is None and leaves_out:
            return
        put(key, new, timestamp)
        forward(key, new, old, timestamp, headers)

    return (process,)


def _filtering(node: TableFilter) -> Change:
    predicate, negate = node.predicate.call, node.negate
    if node.predicate.with_key:
        return lambda key, value: value if value is not None and bool(predicate(key, value)) is not negate else None
    return lambda key, value: value if value is not None and bool(predicate(value)) is not negate else None


def _mapping(node: TableMapValues) -> Change:
    mapper = node.mapper.call
    if node.mapper.with_key:
        return lambda key, value: None if value is None else mapper(key, value)
    return lambda key, value: None if value is None else mapper(value)


def filter_view(node: TableFilter, context: Context) -> View:
    """The row of a key, if the predicate is true of it."""
    return _view(node, _filtering(node), context)


def map_values_view(node: TableMapValues, context: Context) -> View:
    """The row of a key with its value mapped."""
    return _view(node, _mapping(node), context)


def filter_as_of(node: TableFilter, context: Context) -> AsOf:
    """The row a key had at a time, if the predicate is true of it."""
    return _as_of(node, _filtering(node), context)


def map_values_as_of(node: TableMapValues, context: Context) -> AsOf:
    """The row a key had at a time with its value mapped."""
    return _as_of(node, _mapping(node), context)


def _view(node: View_, change: Change, context: Context) -> View:
    if node.store is not None:
        return context.key_value_store(node.store.name).get
    look_up = context.view(node.parents[0])
    return lambda key: _changed(key, look_up(key), change)


def _as_of(node: View_, change: Change, context: Context) -> AsOf:
    look_up = context.as_of(node.parents[0])
    if look_up is None:
        raise TypeError(f"{type(node).__name__} has no history")
    return lambda key, time: _changed(key, look_up(key, time), change)


def _changed(key: Any, row: tuple[Any, int] | None, change: Change) -> tuple[Any, int] | None:
    if row is None:
        return None
    value = change(key, row[0])
    return None if value is None else (value, row[1])


def build_table_group_by(node: TableGroupBy, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on each change as a record (new, old) under the key the mapper returns.

    One record when old and new have the same key, else the old one first; pairs with a null key or value are left
    out, and so is what is out of order in a table with versions (KTableRepartitionMap).
    """
    pair, outdated = _pairing(node.mapper), context.outdating(node.parents[0])

    def process(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
        if outdated():
            return
        new_key, new = pair(key, new)
        old_key, old = pair(key, old)
        if old_key is not None and new_key is not None and old_key == new_key:
            forward(new_key, (new, old), timestamp, headers)
            return
        if old_key is not None:
            forward(old_key, (None, old), timestamp, headers)
        if new_key is not None:
            forward(new_key, (new, None), timestamp, headers)

    return (process,)


def _pairing(mapper: Function) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Key and value to the pair the author's mapper makes of them; (None, None) when it has a null."""
    call, with_key = mapper.call, mapper.with_key

    def pair(key: Any, value: Any) -> tuple[Any, Any]:
        if value is None:
            return None, None
        mapped_key, mapped = call(key, value) if with_key else call(value)
        return (None, None) if mapped_key is None or mapped is None else (mapped_key, mapped)

    return pair
