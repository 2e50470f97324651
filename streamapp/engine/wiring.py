"""Connects the operators of a sub-topology, so that a record handed to a source goes all its ways.

Knows no particular operator, and nothing of records.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamapp.dsl.node import Function, Node, Repartition, Source
from streamapp.dsl.nodes_windowed import Late
from streamapp.engine.operator import Context, Forward, fan_out
from streamapp.engine.operators import OPERATORS
from streamapp.engine.record_cache import RecordCache, is_cached
from streamapp.engine.sink import build_sinks
from streamapp.engine.specs import SinkSpec, SubTopology
from streamapp.engine.time_to_live import MortalRows, mortal, time_to_live


def functions_of(subtopology: SubTopology) -> list[Function]:
    """The functions the author gave to the sub-topology's nodes."""
    return [
        attribute
        for node in subtopology.nodes
        for name in node.__dataclass_fields__
        if isinstance(attribute := getattr(node, name), Function)
    ]


def build(subtopology: SubTopology, context: Context) -> dict[str, Forward]:
    """Builds every operator, those behind first, and returns the entry of each source topic."""
    inputs: dict[Node, tuple[Forward, ...]] = {}
    for node, sinks in _sinks(subtopology).items():
        inputs[node] = (build_sinks(node, sinks, context),)
    entries: dict[Node, Forward] = {}
    cache = _cache(subtopology, context)
    for node in reversed(subtopology.nodes):
        if node in inputs and not isinstance(node, Repartition):
            continue
        behind = fan_out(_edges(node, inputs, late=False))
        if late := _edges(node, inputs, late=True):
            context.late_edges[node] = fan_out(late)
        if cache is not None and node in context.cached:
            encode = context.codec_for(node.key, None).encode
            behind = cache.before(encode, behind, keeps_old=context.changes.sends_old(node))
        if isinstance(node, Source | Repartition):
            entries[node] = behind
        else:
            inputs[node] = _inputs(node, context, behind)
            entries[node] = inputs[node][0]
    return {source.topic: fan_out(entries[node] for node in source.nodes) for source in subtopology.sources}


def _inputs(node: Node, context: Context, behind: Forward) -> tuple[Forward, ...]:
    """Builds the operator of a node; rows of its table that have a time to live go before each record."""
    build_operator, ttl = OPERATORS[type(node)].build, time_to_live(node)
    if ttl is None or node.name is None:
        return build_operator(node, context, behind)
    rows = MortalRows(context, node.name, ttl)
    context.stores = {**context.stores, node.name: rows}
    return mortal(node, ttl, rows, build_operator(node, context, behind), context, behind)


def _cache(subtopology: SubTopology, context: Context) -> RecordCache | None:
    """The record cache, when there is to be one, before the tables that have rows of their own."""
    if not subtopology.cache_max_bytes:
        return None
    context.cache = RecordCache(context, subtopology.cache_max_bytes)
    cached = {node for node in subtopology.nodes if is_cached(node, context.changes)}
    context.cached = frozenset(cached - subtopology.uncached)
    return context.cache


def _sinks(subtopology: SubTopology) -> dict[Node, list[tuple[int, SinkSpec]]]:
    """The sinks of each node that has any, with their indexes."""
    sinks: dict[Node, list[tuple[int, SinkSpec]]] = {}
    for index, sink in enumerate(subtopology.sinks):
        sinks.setdefault(sink.node, []).append((index, sink))
    return sinks


def _edges(node: Node, inputs: Mapping[Node, tuple[Forward, ...]], *, late: bool) -> list[Forward]:
    """The edges from `node` to the nodes behind it, in the order the author made those.

    `late`: those that take what came too late for it, or those that take its results.
    """
    behind = [child for child in inputs if node in child.parents and isinstance(child, Late) is late]
    behind.sort(key=lambda child: child.created)
    return [inputs[child][at] for child in behind for at, parent in enumerate(child.parents) if parent is node]
