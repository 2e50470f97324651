"""W1: keeps the important events, about half of them."""

from __future__ import annotations

from bench.workloads.topics import Topics
from bench.workloads.values import Event
from streamapp import Topic, Topology, stream


def is_important(event: Event) -> bool:
    """Whether it says so."""
    return event.important


def topology(name: str, topics: Topics) -> Topology:
    """The events that are important, unchanged."""
    events = stream(Topic(topics.inputs[0], key=str, value=Event))
    return Topology(name, events.filter(is_important).to(Topic(topics.output, key=str, value=Event)))
