"""Aggregations of streams, of one or of several, with windows of any kind or without.

Knows nothing of what the kinds of windows do.
"""

from __future__ import annotations

from streamapp.dsl.node import Aggregate
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.dsl.windows import SlidingWindows, TimeWindows
from streamapp.engine import aggregate, windowed
from streamapp.engine.folding import Folding, foldings
from streamapp.engine.operator import Context, Forward, View
from streamapp.engine.session import build_session
from streamapp.engine.sliding import build_sliding
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.windowed_rows import kept, windowed_row_stores, windowed_row_view


def aggregation_stores(node: Aggregate | Cogroup, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The aggregates, by key or by key and window."""
    windows = node.windows
    if windows is None:
        return aggregate.aggregate_stores(node, codec_for)
    if isinstance(windows, TimeWindows):
        return windowed.windowed_stores(node, windows, codec_for)
    return windowed_row_stores(node, windows, codec_for)


def build_aggregation(node: Aggregate | Cogroup, context: Context, forward: Forward) -> tuple[Forward, ...]:
    """One input for each stream."""
    return tuple(_build(node, folding, context, forward) for folding in foldings(node, context))


def _build(node: Aggregate | Cogroup, folding: Folding, context: Context, forward: Forward) -> Forward:
    windows = node.windows
    if windows is None:
        return aggregate.build_aggregate(folding, context, forward)
    if isinstance(windows, TimeWindows):
        return windowed.build_windowed(windows, windowed.kept(node, windows), folding, context, forward)
    if isinstance(windows, SlidingWindows):
        return build_sliding(windows, kept(node, windows), folding, context, forward)
    return build_session(windows, kept(node, windows), folding, context, forward)


def aggregation_view(node: Aggregate | Cogroup, context: Context) -> View:
    """The aggregate of a key, or of a windowed key."""
    windows = node.windows
    if windows is None:
        return aggregate.aggregate_view(node, context)
    if isinstance(windows, TimeWindows):
        return windowed.windowed_view(node, windows, context)
    return windowed_row_view(node, windows, context)
