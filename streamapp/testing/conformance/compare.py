"""Compares records with expectations, as strictly as a case asks for.

ordered: the very sequence · ordered_per_node: that of each output node · ordered_per_key: that of each output
node and key, whatever its window · multiset: in any order · per_input_last: after each input, the last value
and timestamp of each node and key · final_per_key: the same at the end. All but the last include the input
that caused a record. Knows nothing of where records come from.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeAlias

from streamapp.errors import UsageError
from streamapp.testing.conformance.cases import Record

Group: TypeAlias = Callable[[Record], Hashable]
View: TypeAlias = Callable[[Iterable[Record]], Any]


def agree(level: str, expected: Iterable[Record], actual: Iterable[Record]) -> bool:
    """Whether both are the same at `level`; raises `UsageError` for a level that is none."""
    view = _VIEWS.get(level)
    if view is None:
        raise UsageError(f"asserts {level!r} is no level of comparison: use one of {', '.join(_VIEWS)}")
    return bool(view(expected) == view(actual))


def identity(record: Record) -> Hashable:
    """All of a record; 1, 1.0 and "1" are three different values."""
    return record["after"], record.get("node"), _exact(record["key"]), _exact(record["value"]), record["ts"]


def _exact(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _node(record: Record) -> Hashable:
    return record.get("node")


def _node_and_base_key(record: Record) -> Hashable:
    key = record["key"]
    while isinstance(key, Mapping):
        key = key["key"]
    return _node(record), _exact(key)


def _node_and_key(record: Record) -> Hashable:
    return _node(record), _exact(record["key"])


def _input_node_and_key(record: Record) -> Hashable:
    return record["after"], _node_and_key(record)


def _sequences(group: Group) -> View:
    def view(records: Iterable[Record]) -> dict[Hashable, list[Hashable]]:
        sequences: dict[Hashable, list[Hashable]] = {}
        for record in records:
            sequences.setdefault(group(record), []).append(identity(record))
        return sequences

    return view


def _last(group: Group) -> View:
    return lambda records: {group(record): (_exact(record["value"]), record["ts"]) for record in records}


_VIEWS: Mapping[str, View] = {
    "ordered": lambda records: [identity(record) for record in records],
    "ordered_per_node": _sequences(_node),
    "ordered_per_key": _sequences(_node_and_base_key),
    "multiset": lambda records: Counter(identity(record) for record in records),
    "per_input_last": _last(_input_node_and_key),
    "final_per_key": _last(_node_and_key),
}
