"""W4: groups the events by article, through a repartition topic, and counts them, every update."""

from __future__ import annotations

from bench.workloads.topics import Topics
from bench.workloads.values import Count, Event
from streamapp import Topic, Topology, stream


def sku(event: Event) -> str:
    """The article."""
    return event.sku


def topology(name: str, topics: Topics) -> Topology:
    """One count for each event."""
    counts = stream(Topic(topics.inputs[0], key=str, value=Event)).group_by(sku, "by-sku").count("counts")
    results = counts.to_stream().map_values(Count, value=Count)
    return Topology(name, results.to(Topic(topics.output, key=str, value=Count)))
