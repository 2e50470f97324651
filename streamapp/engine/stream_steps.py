"""Operators without state beyond those in `stateless`: flat maps, branches, merges, effects.

Functions of the author see null keys and values as they come, as in Kafka Streams. Results keep the timestamp
and headers of their input. Knows nothing of stores or time.
"""

from __future__ import annotations

import sys
from typing import Any

from streamapp.dsl.nodes_stream import Branch, FlatMap, FlatMapValues, ForEach, Merge, Peek, Print, Split
from streamapp.engine.operator import Context, Forward, fan_out
from streamapp.engine.records import Headers


def build_flat_map(node: FlatMap, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on each pair that the mapper returns, in order (KStreamFlatMap)."""
    mapper = node.mapper.call

    def by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        for new_key, new_value in mapper(value):
            forward(new_key, new_value, timestamp, headers)

    def by_both(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        for new_key, new_value in mapper(key, value):
            forward(new_key, new_value, timestamp, headers)

    return (by_both if node.mapper.with_key else by_value,)


def build_flat_map_values(node: FlatMapValues, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on the key with each value that the mapper returns, in order (KStreamFlatMapValues)."""
    mapper = node.mapper.call

    def by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        for new_value in mapper(value):
            forward(key, new_value, timestamp, headers)

    def by_both(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        for new_value in mapper(key, value):
            forward(key, new_value, timestamp, headers)

    return (by_both if node.mapper.with_key else by_value,)


def build_peek(node: Peek, context: Context, forward: Forward) -> tuple[Forward]:
    """Calls the action, then passes the record on (KStreamPeek)."""
    action = node.action.call
    if not context.effects:
        return (forward,)

    def by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        action(value)
        forward(key, value, timestamp, headers)

    def by_both(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        action(key, value)
        forward(key, value, timestamp, headers)

    return (by_both if node.action.with_key else by_value,)


def build_for_each(node: ForEach, context: Context, forward: Forward) -> tuple[Forward]:
    """Calls the action (KStreamPeek without children)."""
    action = node.action.call
    if not context.effects:
        return (fan_out(()),)

    def by_value(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        action(value)

    def by_both(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        action(key, value)

    return (by_both if node.action.with_key else by_value,)


def build_print(node: Print, context: Context, forward: Forward) -> tuple[Forward]:
    """Prints the label and what the author makes of the record (KStreamPrint)."""
    if not context.effects:
        return (fan_out(()),)
    format_, with_key = node.format.call, node.format.with_key
    prefix = f"[{node.label}]: "

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        text = format_(key, value) if with_key else format_(value)
        print(f"{prefix}{text}", file=sys.stdout)  # looked up each time: a worker puts log lines in its place

    return (process,)


def build_merge(node: Merge, context: Context, forward: Forward) -> tuple[Forward, ...]:
    """Passes records on as they come, from any parent (KStreamImpl.merge)."""
    return (forward,) * len(node.parents)


def build_split(node: Split, context: Context, forward: Forward) -> tuple[Forward]:
    """Calls the branches with the number of the one whose predicate is the first to be true (KStreamBranch)."""
    tests = [(function.call, function.with_key) for function in node.predicates]
    default = node.default

    def process(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        for number, (predicate, with_key) in enumerate(tests):
            if predicate(key, value) if with_key else predicate(value):
                forward(number, key, value, timestamp, headers)
                return
        if default:
            forward(len(tests), key, value, timestamp, headers)

    return (process,)


def build_branch(node: Branch, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on what is meant for this branch."""
    mine = node.number

    def process(number: int, key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        if number == mine:
            forward(key, value, timestamp, headers)

    return (process,)
