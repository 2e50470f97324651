"""The registry of operators of streams beyond those in `operators`. Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Mapping

from streamapp.dsl.node import Node
from streamapp.dsl.nodes_stream import (
    Branch,
    FlatMap,
    FlatMapValues,
    ForEach,
    Merge,
    Peek,
    Print,
    Process,
    ProcessAsync,
    Split,
)
from streamapp.engine import async_calls, process, stream_steps
from streamapp.engine.operator import Operator

STREAM_OPERATORS: Mapping[type[Node], Operator] = {
    FlatMap: Operator(stream_steps.build_flat_map),
    FlatMapValues: Operator(stream_steps.build_flat_map_values),
    Peek: Operator(stream_steps.build_peek),
    ForEach: Operator(stream_steps.build_for_each),
    Print: Operator(stream_steps.build_print),
    Merge: Operator(stream_steps.build_merge),
    Split: Operator(stream_steps.build_split),
    Branch: Operator(stream_steps.build_branch),
    Process: Operator(process.build_process, process.process_stores),
    ProcessAsync: Operator(async_calls.build_process_async),
}
