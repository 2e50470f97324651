"""W5: joins the events with the table of users."""

from __future__ import annotations

from bench.workloads.topics import Topics
from bench.workloads.values import Enriched, Event, User
from streamapp import Topic, Topology, stream, table


def with_user(event: Event, user: User) -> Enriched:
    """The event and who did it."""
    return Enriched(
        event.event_id,
        event.user_id,
        event.type,
        event.amount,
        event.ts,
        event.sku,
        user.name,
        user.tier,
        user.city,
    )


def topology(name: str, topics: Topics) -> Topology:
    """One result for each event of a known user."""
    users = table(Topic(topics.table, key=str, value=User), "users")
    results = stream(Topic(topics.inputs[0], key=str, value=Event)).join(users, with_user)
    return Topology(name, results.to(Topic(topics.output, key=str, value=Enriched)))
