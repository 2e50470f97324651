"""W3: counts the events of each user per minute, every update; W3c: with a record cache."""

from __future__ import annotations

from bench.workloads.topics import Topics
from bench.workloads.values import CACHE_BYTES, Event, WindowCount
from streamapp import HOUR, MINUTE, SECOND, Topic, Topology, Windowed, stream, tumbling


def flat(window: Windowed[str], count: int) -> tuple[str, WindowCount]:
    """The window's bounds as part of the value."""
    return window.key, WindowCount(window.key, window.start, window.end, count)


def topology(name: str, topics: Topics, cache_max_bytes: int = 0, size: int = MINUTE) -> Topology:
    """One count for each event that is at most 30 s late."""
    events = stream(Topic(topics.inputs[0], key=str, value=Event))
    counts = events.group_by_key().windowed_by(tumbling(size, grace=30 * SECOND)).count("counts")
    results = counts.to_stream().map(flat)
    return Topology(name, results.to(Topic(topics.output, key=str, value=WindowCount)), cache_max_bytes=cache_max_bytes)


def cached(name: str, topics: Topics) -> Topology:
    """The last count of each user and minute since the last commit."""
    return topology(name, topics, CACHE_BYTES)


def hours(name: str, topics: Topics) -> Topology:
    """Windows of an hour: one or two for each user."""
    return topology(name, topics, size=HOUR)


def seconds(name: str, topics: Topics) -> Topology:
    """Windows of a second: nearly one for each event."""
    return topology(name, topics, size=SECOND)
