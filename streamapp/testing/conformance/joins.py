"""Joins of streams and tables. Knows nothing of other ops."""

from __future__ import annotations

from typing import Any

from streamapp.dsl.join_windows import join_windows
from streamapp.errors import UsageError
from streamapp.testing.conformance.builder import Builder, label
from streamapp.testing.conformance.cases import Spec
from streamapp.testing.conformance.vocabulary import FOREIGN_KEYS, GLOBAL_MAPPERS, combiner, named

_SINGLE_STORE = ("all", "single.store.self.join")
"""Settings with which Kafka Streams keeps the records of a self-join once."""

_METHODS = {"inner": "join", "left": "left_join", "outer": "outer_join"}


def _method(left: Any, node: Spec) -> Any:
    """The join of its type; raises `UsageError` when there is none."""
    kind = node["type"]
    found = getattr(left, _METHODS.get(kind, ""), None)
    if found is None:
        raise UsageError(f"node {node['name']!r}: {type(left).__name__} has no {kind} join")
    return found


def _side(builder: Builder, node: Spec, side: str) -> Any:
    return builder.keyed(builder.stream(node[side]), f"{node['name']}-{side}")


def _stream_stream_join(builder: Builder, node: Spec) -> Any:
    left = _side(builder, node, "left")
    right = left if node["right"] == node["left"] else _side(builder, node, "right")
    within = join_windows(before=node["before_ms"], after=node["after_ms"], grace=node["grace_ms"])
    optimized = builder.config.get("topology.optimization") in _SINGLE_STORE
    once = {"single_store": True} if optimized and right is left and node["type"] == "inner" else {}
    return _method(left, node)(right, combiner(node["joiner"]), label(node["name"]), within=within, **once)


def _stream_table_join(builder: Builder, node: Spec) -> Any:
    stream, table, joiner = _side(builder, node, "left"), builder.table(node["right"]), combiner(node["joiner"])
    if "grace_ms" in node:
        return _method(stream, node)(table, joiner, label(node["name"]), grace=node["grace_ms"])
    return _method(stream, node)(table, joiner)


def _stream_global_join(builder: Builder, node: Spec) -> Any:
    stream, table = builder.stream(node["left"]), builder.any(node["right"])
    key = named("mapper", GLOBAL_MAPPERS, node["mapper"])
    return _method(stream, node)(table, combiner(node["joiner"]), key=key)


def _table_table_join(builder: Builder, node: Spec) -> Any:
    left, right = builder.table(node["left"]), builder.table(node["right"])
    name = label(node["name"]) if node.get("materialized") else None
    return _method(left, node)(right, combiner(node["joiner"]), name)


def _foreign_key_join(builder: Builder, node: Spec) -> Any:
    left, right = builder.table(node["left"]), builder.table(node["right"])
    return _method(left, node)(
        right,
        combiner(node["joiner"]),
        label(node["name"]),
        foreign_key=named("foreign key", FOREIGN_KEYS, node["foreign_key"]),
        materialized=False,
    )


OPERATIONS = {
    "stream_stream_join": _stream_stream_join,
    "stream_table_join": _stream_table_join,
    "stream_global_join": _stream_global_join,
    "table_table_join": _table_table_join,
    "table_table_fk_join": _foreign_key_join,
}
