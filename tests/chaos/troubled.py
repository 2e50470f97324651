"""The topology for slow and failing functions: each event goes to a service that takes 50 ms and may refuse it."""

from __future__ import annotations

import asyncio

from streamapp import Topology, retrying, stream
from tests.chaos.pipeline import EVENTS, PASSED, Event, Passed

TAKES = 0.05
"""Seconds a call takes."""
NEVER, ONCE = 101, 37
"""The service refuses every 101st event each time, and every 37th the first time."""
ATTEMPTS = 3

_seen: set[int] = set()


def is_refused(sequence: int) -> bool:
    """Whether the service never takes the event."""
    return sequence % NEVER == NEVER - 1


async def served(event: Event) -> Passed:
    """What the service answers."""
    await asyncio.sleep(TAKES)
    first = event.sequence not in _seen
    if event.sequence % ONCE == 0:
        _seen.add(event.sequence)
    if is_refused(event.sequence) or (first and event.sequence % ONCE == 0):
        raise ConnectionError(f"the service refuses event {event.sequence}")
    return Passed(event.sequence)


TOPOLOGIES = (
    Topology(
        "troubled",
        stream(EVENTS).process_async(served, concurrency=64).to(PASSED),
        on_error=retrying(ATTEMPTS, after=10),
    ),
)
