"""The stores of a topology's steps: which there are, and where the rows of each are kept and come back from.

Knows nothing of sub-topologies, or of what is in the stores.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from streamapp.dsl.changes import Changes
from streamapp.dsl.materialized import Materialized, materialized_of
from streamapp.dsl.node import Node, StreamTableJoin, TableSource
from streamapp.dsl.nodes_stream import Process
from streamapp.dsl.nodes_table import GlobalTable
from streamapp.engine.operators import OPERATORS
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.engine.time_to_live import index_stores, time_to_live
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from streamapp.dsl.topology import Topology


def kept_stores(
    topology: Topology, group: Iterable[Node], nodes: Iterable[Node], codec_for: CodecFor, changes: Changes
) -> Iterator[StoreSpec]:
    """The stores of the nodes of a `group` among all `nodes`; one that processors share comes several times."""
    nodes = tuple(nodes)
    options = {node: wish for name, wish in topology.stores.items() for node in materialized_of(nodes, name)}
    for node in group:
        if changes.keeps(node):
            for spec in _stores_of(node, codec_for):
                wish = topology.stores.get(spec.name) if isinstance(node, Process) else options.get(node)
                yield _logged(spec if wish is None else spec.materialized(wish), node, nodes)


def uncached(stores: Mapping[str, Materialized], nodes: Iterable[Node]) -> frozenset[Node]:
    """The tables whose changes are not to wait in the record cache."""
    nodes = tuple(nodes)
    names = [name for name, wish in stores.items() if not wish.cached]
    return frozenset().union(*(materialized_of(nodes, name) for name in names))


def check_stores(topology: Topology, nodes: Iterable[Node], codec_for: CodecFor) -> None:
    """No two steps may keep state under one name, which they may have made of different names of the author's."""
    owners: dict[str, Node] = {}
    for node in nodes:
        names = (
            [node.store.name] if isinstance(node, GlobalTable) else [one.name for one in _stores_of(node, codec_for)]
        )
        for name in names:
            other = owners.setdefault(name, node)
            if other is not node and not (isinstance(node, Process) and isinstance(other, Process)):
                raise TopologyError(
                    f"topology {topology.name!r}: the steps at {other.place} and {node.place} both keep state under "
                    f"{name!r}: give one of them another name"
                )


def _stores_of(node: Node, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    operator = OPERATORS.get(type(node))
    if operator is None:
        return ()
    return (*operator.stores(node, codec_for), *index_stores(node, codec_for))


def _logged(spec: StoreSpec, node: Node, nodes: Iterable[Node]) -> StoreSpec:
    """The store with a changelog of its own, where its source topic does not tell what its rows are.

    Rows that go by themselves are still in the topic, and timestamps that are taken from records are not there. A
    record that fails in a step behind the table leaves no row, but it is in the topic, and may have replaced one
    there. Only a join that looks rows up does nothing with a change that could fail.
    """
    if spec.log != "source":
        return spec
    if time_to_live(node) is not None or (isinstance(node, TableSource) and node.extractor is not None):
        return spec.logged()
    behind = [child for child in nodes if node in child.parents]
    return spec if all(isinstance(child, StreamTableJoin) for child in behind) else spec.logged()
