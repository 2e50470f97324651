"""Steps of a stream without state, and grouping. Knows nothing of other ops."""

from __future__ import annotations

from typing import Any

from streamapp.testing.conformance.builder import Builder, label
from streamapp.testing.conformance.cases import Spec
from streamapp.testing.conformance.vocabulary import (
    FLAT_MAPPERS,
    FLAT_VALUE_MAPPERS,
    KEY_SELECTORS,
    PAIR_MAPPERS,
    VALUE_MAPPERS,
    named,
    predicate,
)


def _filter(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).filter(predicate(node["fn"]))


def _filter_not(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).filter_not(predicate(node["fn"]))


def _map(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).map(named("key_value_mapper", PAIR_MAPPERS, node["fn"]))


def _flat_map(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).flat_map(named("flat_mapper", FLAT_MAPPERS, node["fn"]))


def _map_values(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).map_values(named("value_mapper", VALUE_MAPPERS, node["fn"]))


def _flat_map_values(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).flat_map_values(named("flat_value_mapper", FLAT_VALUE_MAPPERS, node["fn"]))


def _select_key(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).select_key(named("key_selector", KEY_SELECTORS, node["fn"]))


def _repartition(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).repartition(label(node["name"]))


def _merge(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["left"]).merge(builder.stream(node["right"]))


def _split(builder: Builder, node: Spec) -> None:
    split = builder.stream(node["in"]).split()
    names = [branch["name"] for branch in node["branches"]]
    for branch in node["branches"]:
        split = split.branch(predicate(branch["fn"]))
    if "default" in node:
        builder.built.update(zip([*names, node["default"]], split.default(), strict=True))
    else:
        builder.built.update(zip(names, split.no_default(), strict=True))


def _group_by_key(builder: Builder, node: Spec) -> Any:
    return builder.stream(node["in"]).group_by_key(label(node["name"]))


def _group_by(builder: Builder, node: Spec) -> Any:
    selector = named("key_selector", KEY_SELECTORS, node["fn"])
    return builder.stream(node["in"]).group_by(selector, label(node["name"]))


OPERATIONS = {
    "filter": _filter,
    "filter_not": _filter_not,
    "map": _map,
    "flat_map": _flat_map,
    "map_values": _map_values,
    "flat_map_values": _flat_map_values,
    "select_key": _select_key,
    "repartition": _repartition,
    "merge": _merge,
    "split": _split,
    "group_by_key": _group_by_key,
    "group_by": _group_by,
}
