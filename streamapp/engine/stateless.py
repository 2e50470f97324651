"""Operators without state: filter, map, map_values, select_key.

Functions of the author see null keys and values as they come, as in Kafka Streams. Results keep the timestamp
and headers of their input. Knows nothing of stores or time.
"""

from __future__ import annotations

from typing import Any

from streamapp.dsl.node import Filter, Map, MapValues, SelectKey
from streamapp.engine.operator import Context, Forward
from streamapp.engine.records import Headers


def build_filter(node: Filter, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on the records for which the predicate is true, or false when negated."""
    predicate, negate = node.predicate.call, node.negate

    def by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if predicate(value):
            forward(key, value, timestamp, headers)

    def not_by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if not predicate(value):
            forward(key, value, timestamp, headers)

    def by_both(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if bool(predicate(key, value)) is not negate:
            forward(key, value, timestamp, headers)

    if node.predicate.with_key:
        return (by_both,)
    return (not_by_value if negate else by_value,)


def build_map(node: Map, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on the key and value that the mapper returns."""
    mapper = node.mapper.call

    def by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        new_key, new_value = mapper(value)
        forward(new_key, new_value, timestamp, headers)

    def by_both(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        new_key, new_value = mapper(key, value)
        forward(new_key, new_value, timestamp, headers)

    return (by_both if node.mapper.with_key else by_value,)


def build_map_values(node: MapValues, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on what the mapper makes of the value."""
    mapper = node.mapper.call

    def by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        forward(key, mapper(value), timestamp, headers)

    def by_both(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        forward(key, mapper(key, value), timestamp, headers)

    return (by_both if node.mapper.with_key else by_value,)


def build_select_key(node: SelectKey, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on the value under the key that the selector returns."""
    selector = node.selector.call

    def by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        forward(selector(value), value, timestamp, headers)

    def by_both(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        forward(selector(key, value), value, timestamp, headers)

    return (by_both if node.selector.with_key else by_value,)
