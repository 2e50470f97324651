"""Steps of a table: to and from streams, filters, grouping and its aggregates. Knows nothing of other ops."""

from __future__ import annotations

from typing import Any

from streamapp.testing.conformance.builder import Builder, label
from streamapp.testing.conformance.cases import Spec
from streamapp.testing.conformance.vocabulary import (
    PAIR_MAPPERS,
    VALUE_MAPPERS,
    combiner,
    named,
    predicate,
)


def _to_stream(builder: Builder, node: Spec) -> Any:
    return builder.table(node["in"]).to_stream()


def _to_table(builder: Builder, node: Spec) -> Any:
    name = label(node["name"])
    return builder.keyed(builder.stream(node["in"]), f"{name}-keyed").to_table(name, materialized=False)


def _filter(builder: Builder, node: Spec) -> Any:
    return builder.table(node["in"]).filter(predicate(node["fn"]))


def _filter_not(builder: Builder, node: Spec) -> Any:
    return builder.table(node["in"]).filter_not(predicate(node["fn"]))


def _map_values(builder: Builder, node: Spec) -> Any:
    return builder.table(node["in"]).map_values(named("value mapper", VALUE_MAPPERS, node["fn"]))


def _group_by(builder: Builder, node: Spec) -> Any:
    mapper = named("mapper of pairs", PAIR_MAPPERS, node["fn"])
    return builder.table(node["in"]).group_by(mapper, label(node["name"]))


def _count(builder: Builder, node: Spec) -> Any:
    return builder.any(node["in"]).count(label(node["name"]))


def _reduce(builder: Builder, node: Spec) -> Any:
    adder, subtractor = combiner(node["adder"]), combiner(node["subtractor"])
    return builder.any(node["in"]).reduce(adder, subtractor, label(node["name"]))


def _aggregate(builder: Builder, node: Spec) -> Any:
    start, adder, subtractor = node["init"], combiner(node["adder"]), combiner(node["subtractor"])
    return builder.any(node["in"]).aggregate(lambda: start, adder, subtractor, label(node["name"]))


OPERATIONS = {
    "to_stream": _to_stream,
    "to_table": _to_table,
    "table_filter": _filter,
    "table_filter_not": _filter_not,
    "table_map_values": _map_values,
    "table_group_by": _group_by,
    "table_count": _count,
    "table_reduce": _reduce,
    "table_aggregate": _aggregate,
}
