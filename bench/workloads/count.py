"""W2: counts the events of each user, every update; W2c: with a record cache, the last value per commit."""

from __future__ import annotations

from bench.workloads.topics import Topics
from bench.workloads.values import CACHE_BYTES, Count, Event
from streamapp import Topic, Topology, stream


def topology(name: str, topics: Topics, cache_max_bytes: int = 0) -> Topology:
    """One count for each event."""
    counts = stream(Topic(topics.inputs[0], key=str, value=Event)).group_by_key().count("counts")
    results = counts.to_stream().map_values(Count, value=Count)
    return Topology(name, results.to(Topic(topics.output, key=str, value=Count)), cache_max_bytes=cache_max_bytes)


def cached(name: str, topics: Topics) -> Topology:
    """The last count of each user since the last commit."""
    return topology(name, topics, CACHE_BYTES)
