"""Prints a topology as Kafka's `Topology#describe` would, so that visualisers of Kafka Streams read it.

Knows nothing of plans and tasks.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from streamapp.dsl.order import arrange
from streamapp.dsl.part import Part
from streamapp.dsl.parts import Parts
from streamapp.dsl.topology import Topology


def describe(topology: Topology) -> str:
    """The sub-topologies with their sources, processors and sinks, in Kafka's layout (Kafka Streams 4.3.1).

    Topics and stores bear the author's names, without the application's prefix.
    """
    groups = _sub_topologies(Parts(topology.nodes).list)
    blocks = (_sub_topology(number, group) for number, group in enumerate(groups))
    return f"Topologies:\n {''.join(blocks)}"


def _sub_topologies(parts: list[Part]) -> list[list[Part]]:
    """Parts connected by an edge or a store, in the order of their first parts."""
    leader = {part.name: part.name for part in parts}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    users: dict[str, list[str]] = {}
    for part in parts:
        for store in part.stores:
            users.setdefault(store, []).append(part.name)
        for before in part.inputs:
            leader[find(before)] = find(part.name)
    for names in users.values():
        for one, other in pairwise(names):
            leader[find(one)] = find(other)
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(find(part.name), []).append(part)
    return list(groups.values())


def _sub_topology(number: int, group: list[Part]) -> str:
    if group[0].everywhere:
        return f"  Sub-topology: {number} for global store (will not generate tasks)\n{_block(group)}"
    return f"  Sub-topology: {number}\n{_block(group)}\n"


def _block(group: list[Part]) -> str:
    by_name = {part.name: part for part in group}
    names, following = arrange({part.name: part.inputs for part in group})
    return "".join(_lines(by_name[name], following[name]) for name in names)


def _lines(part: Part, following: list[str]) -> str:
    lines = [f"    {part.kind}: {part.name} ({_holds(part)})"]
    if part.kind != "Sink":
        lines.append(f"      --> {_listed(following)}")
    if part.kind != "Source":
        lines.append(f"      <-- {_listed(part.inputs)}")
    return "".join(f"{line}\n" for line in lines)


def _holds(part: Part) -> str:
    if part.kind == "Source":
        return f"topics: {part.topic}" if part.open else f"topics: [{part.topic}]"
    if part.kind == "Sink":
        return f"extractor class: {part.topic}" if part.open else f"topic: {part.topic}"
    return f"stores: [{', '.join(part.stores)}]"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
