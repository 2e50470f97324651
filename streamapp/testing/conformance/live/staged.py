"""A case under names of its own on a cluster: its topology as a worker builds it, its topics, its inputs.

All output nodes write to one topic of one partition, so that the order across nodes is seen; a header names the
node. Knows nothing of brokers or processes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from streamapp.dsl.processor import Processor, ProcessorContext, Record
from streamapp.dsl.stream import End, Stream
from streamapp.dsl.topic import Topic
from streamapp.dsl.topology import Topology
from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from streamapp.testing.conformance.assembly import assemble
from streamapp.testing.conformance.builder import label
from streamapp.testing.conformance.cases import Case, Spec
from streamapp.testing.conformance.records import encoded
from streamapp.testing.conformance.scalar import scalar

NODE = "node"
"""The header that names the node a record was forwarded by."""

VARIABLE = "CONFORMANCE_CASES"
"""The environment variable with the file from which a worker reads its cases."""

_LONGEST = 80
"""Characters of a case's id in its name: what Kafka allows for a topic, less what comes around it."""

Bytes = tuple[str, int, bytes | None, bytes | None]
"""An input: topic, timestamp, key, value."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A case on a cluster."""

    case: Case
    name: str
    """Of its topology."""
    group: str
    nodes: Sequence[Spec]
    """Those of the case, with the topics of the cluster."""
    out: str
    """The topic of what its output nodes forward."""
    streams: frozenset[str]
    """Topics it reads as streams."""
    tables: frozenset[str]
    """Topics it reads as tables."""
    globals: frozenset[str]
    """Topics it reads as global tables: no group says how far it is in them."""
    keyless: frozenset[str]
    """Topics with a null key among the inputs, which no compacted topic takes."""
    internal: frozenset[str]
    """Topics between its sub-topologies; the worker makes them."""
    inputs: Sequence[Bytes | None]
    """None for those of a topic that nobody reads."""

    @property
    def sources(self) -> frozenset[str]:
        """The topics of which its group commits how far it is."""
        return self.streams | self.tables | self.internal

    @property
    def document(self) -> dict[str, Any]:
        """What a worker needs, as JSON: the arguments of `topology_of`."""
        names = {"name": self.name, "out": self.out, "outputs": list(self.case.outputs)}
        return {**names, "nodes": list(self.nodes), "config": dict(self.case.config)}


def topology_of(
    name: str, out: str, nodes: Sequence[Spec], outputs: Sequence[str], config: Mapping[str, Any]
) -> Topology:
    """The topology of a staged case; raises what `assemble` does."""
    topic: Topic[Any, Any] = Topic(out, None, None, format=scalar, key_format=scalar)
    numbers = count()

    def sink(output: str, stream: Stream[Any, Any]) -> End:
        return stream.process(lambda: _Named(output), f"node-of-output-{next(numbers)}").to(topic)

    return assemble(nodes, outputs, config, name=name, sink=sink)


class _Named(Processor[Any, Any, Any, Any]):
    """Writes the name of its node into the header of each record."""

    def __init__(self, output: str) -> None:
        self._headers = ((NODE, output.encode()),)

    def init(self, context: ProcessorContext[Any, Any]) -> None:
        self._forward = context.forward

    def process(self, record: Record[Any, Any]) -> None:
        self._forward(record._replace(headers=self._headers))


def names_of(cases: Iterable[Case]) -> Iterator[str]:
    """A name in kebab-case for each case, after its id, each another one."""
    taken: set[str] = set()
    for case in cases:
        stem = f"case-{label(case.id)[:_LONGEST]}".strip("-")
        name = next(name for at in count() if (name := f"{stem}-{at}" if at else stem) not in taken)
        taken.add(name)
        yield name


def stage(case: Case, name: str, application: str) -> Staged:
    """The case as topology `name` under an application prefix.

    Raises what stops its topology from being built or planned, or its inputs from being written.
    """
    group = f"{application}-{name}"
    topics = _Topics(group)
    nodes = [{**node, "topic": topics[node["topic"]]} if "topic" in node else node for node in case.nodes]
    out = f"{group}-out"
    planned = plan(topology_of(name, out, nodes, case.outputs, case.config), codec_for)
    internal = {source.topic for sub in planned.subtopologies for source in sub.sources if source.internal}
    inputs = [_bytes(given, topics) for given in case.inputs]
    return Staged(
        case,
        name,
        group,
        nodes,
        out,
        streams=_read(nodes, "stream"),
        tables=_read(nodes, "table"),
        globals=_read(nodes, "global_table"),
        internal=frozenset(f"{group}-{topic}" for topic in internal),
        keyless=frozenset(given[0] for given in inputs if given is not None and given[2] is None),
        inputs=inputs,
    )


class _Topics(dict[str, str]):
    """The cluster's name of each topic of a case."""

    def __init__(self, group: str) -> None:
        self._group = group

    def __missing__(self, topic: str) -> str:
        return self.setdefault(topic, f"{self._group}-{len(self)}-{re.sub('[^a-zA-Z0-9._-]', '-', topic)[:_LONGEST]}")


def _read(nodes: Iterable[Spec], op: str) -> frozenset[str]:
    return frozenset(node["topic"] for node in nodes if node["op"] == op)


def _bytes(given: Spec, topics: Mapping[str, str]) -> Bytes | None:
    record = given["ts"], encoded(given["key"]), encoded(given["value"])
    return (topics[given["topic"]], *record) if given["topic"] in topics.keys() else None  # noqa: SIM118 - [] would add it
