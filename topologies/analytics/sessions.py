"""Shopping sessions: lines of a customer that are at most 30 minutes apart.

A session stays open for another hour of event time. Lines without a customer are left out before anything else, so
that they do not move stream time.
"""

from __future__ import annotations

from streamapp import HOUR, MINUTE, Topology, session, stream
from topologies.analytics.events import KEPT, Revenue
from topologies.events import RETAIL, RetailRow


def has_customer(row: RetailRow) -> bool:
    """Whether it is known who bought."""
    return row.customer is not None


def add(revenue: Revenue, row: RetailRow) -> Revenue:
    """The session with one more row."""
    return Revenue(revenue.rows + 1, revenue.pence + row.pence)


def merge(revenue: Revenue, other: Revenue) -> Revenue:
    """One session of two that a row has joined."""
    return Revenue(revenue.rows + other.rows, revenue.pence + other.pence)


sessions = (
    stream(RETAIL)
    .filter(has_customer)
    .group_by_key()
    .windowed_by(session(30 * MINUTE, grace=HOUR))
    .aggregate(Revenue, add, "sessions", merger=merge, retention=KEPT)
)

topology = Topology("sessions", sessions)
