"""The part of the registry for aggregations of streams and what goes with windows.

Knows nothing of what the operators do.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamapp.dsl.node import Aggregate, Node
from streamapp.dsl.nodes_windowed import Cogroup, Deduplicate, Late, Suppress
from streamapp.engine import aggregation, deduplicate, suppress
from streamapp.engine.operator import Context, Forward, Operator


def _build_late(node: Late, context: Context, forward: Forward) -> tuple[Forward]:
    """Passes on what its parent hands over."""
    return (forward,)


AGGREGATIONS: Mapping[type[Node], Operator] = {
    Aggregate: Operator(aggregation.build_aggregation, aggregation.aggregation_stores, aggregation.aggregation_view),
    Cogroup: Operator(
        aggregation.build_aggregation, aggregation.aggregation_stores, aggregation.aggregation_view, joins=True
    ),
    Suppress: Operator(suppress.build_suppress, suppress.suppress_stores, suppress.suppress_view),
    Deduplicate: Operator(deduplicate.build_deduplicate, deduplicate.deduplicate_stores),
    Late: Operator(_build_late),
}
