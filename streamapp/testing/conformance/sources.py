"""Where the topology of a case begins: streams, tables and global tables. Knows nothing of other ops."""

from __future__ import annotations

from typing import Any

from streamapp.dsl.global_table import global_table
from streamapp.dsl.stream import stream
from streamapp.dsl.table import table
from streamapp.testing.conformance.builder import Builder, label, topic_of
from streamapp.testing.conformance.cases import Spec


def _stream(builder: Builder, node: Spec) -> Any:
    return stream(topic_of(node))


def _table(builder: Builder, node: Spec) -> Any:
    return table(topic_of(node), label(node["name"]), history=node.get("versioned_history_ms"), materialized=False)


def _global_table(builder: Builder, node: Spec) -> Any:
    return global_table(topic_of(node), label(node["name"]))


OPERATIONS = {"stream": _stream, "table": _table, "global_table": _global_table}
