"""How many partitions each repartition topic gets.

As in Kafka Streams: the author's number, else that of the topics it is joined with, else that of the widest
topic of the sub-topologies that write it. Knows nothing of brokers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streamapp.dsl.node import Repartition
from streamapp.engine.specs import Plan
from streamapp.errors import TopologyError


def partition_counts(plan: Plan, known: Mapping[str, int]) -> dict[str, int]:
    """The partition count of every repartition topic, given those of the author's source topics.

    Raises `KeyError` for a source topic that `known` lacks, and `TopologyError`, naming topics and counts,
    when topics that are joined cannot have equal counts.
    """
    sources = [source for sub in plan.subtopologies for source in sub.sources]
    wanted = {source.topic: source.node.partitions for source in sources if isinstance(source.node, Repartition)}
    counts = {source.topic: known[source.topic] for source in sources if not source.internal}
    counts |= {topic: count for topic, count in wanted.items() if count is not None}
    joined = [group for sub in plan.subtopologies for group in sub.copartitioned]
    for group in joined:
        _agree(group, counts, wanted)
    while open_topics := [topic for topic in wanted if topic not in counts]:
        if not any(_derive(plan, _partners(topic, joined), counts, wanted) for topic in open_topics):
            raise TopologyError(
                f"topology {plan.topology.name!r}: the partition count of {_quoted(open_topics)} depends on "
                "itself: give it a number with partitions="
            )
    return {topic: counts[topic] for topic in wanted}


def _quoted(topics: Iterable[str]) -> str:
    return ", ".join(map(repr, topics))


def _partners(topic: str, joined: Iterable[frozenset[str]]) -> frozenset[str]:
    return next((group for group in joined if topic in group), frozenset({topic}))


def _agree(group: frozenset[str], counts: dict[str, int], wanted: Mapping[str, int | None]) -> None:
    """Gives the repartition topics of a join the count of its other topics, which must be one count."""
    fixed = {topic: counts[topic] for topic in sorted(group) if topic in counts}
    if len(set(fixed.values())) > 1:
        found = ", ".join(f"{topic!r} has {count}" for topic, count in fixed.items())
        changeable = [topic for topic in fixed if topic in wanted]
        remedy = (
            f"leave out partitions= of {_quoted(changeable)}"
            if changeable
            else "add .repartition(name) to the stream that has to change, or make all with one count"
        )
        raise TopologyError(f"topics that are joined need equal partition counts, but {found}: {remedy}")
    if fixed:
        counts.update(dict.fromkeys(group, next(iter(fixed.values()))))


def _derive(plan: Plan, group: frozenset[str], counts: dict[str, int], wanted: Mapping[str, int | None]) -> bool:
    """Sets the count of topics joined only among themselves once all their writers' widths are known."""
    widths: list[int] = []
    for sub in plan.subtopologies:
        if any(sink.internal and sink.topic in group for sink in sub.sinks):
            sources = [source.topic for source in sub.sources if source.topic not in group]
            if any(topic not in counts for topic in sources):
                return False
            widths.extend(counts[topic] for topic in sources)
    if not widths:
        return False
    counts.update(dict.fromkeys(group, max(widths)))
    return True
