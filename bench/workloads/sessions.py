"""W7: counts the events of each user per session, gap five minutes, every update."""

from __future__ import annotations

from bench.workloads.topics import Topics
from bench.workloads.values import Event, WindowCount
from streamapp import MINUTE, SECOND, Session, Topic, Topology, session, stream


def is_there(count: int | None) -> bool:
    """False for a session that has become part of another."""
    return count is not None


def flat(window: Session[str], count: int) -> tuple[str, WindowCount]:
    """The session's bounds as part of the value."""
    return window.key, WindowCount(window.key, window.start, window.end, count)


def topology(name: str, topics: Topics) -> Topology:
    """One count for each event that is not late."""
    events = stream(Topic(topics.inputs[0], key=str, value=Event))
    counts = events.group_by_key().windowed_by(session(5 * MINUTE, grace=30 * SECOND)).count("counts")
    results = counts.to_stream().filter(is_there).map(flat)
    return Topology(name, results.to(Topic(topics.output, key=str, value=WindowCount)))
