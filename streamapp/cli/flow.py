"""The events of one flow, put in order by what caused what. Knows nothing of where events are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from streamapp.cli.records import Row
from streamapp.worker.shown import plain, text


class Event(msgspec.Struct, frozen=True):
    """A record that is an event, and where it stands; `time` as the event says it (RFC 3339)."""

    id: str
    type: str
    time: str
    topic: str
    partition: int
    offset: int
    causation_id: str | None
    source: str | None = None
    key: Any = None
    error: str | None = None
    """Why it is among the dead letters; None: it is not."""


def event_of(topic: str, partition: int, row: Row, correlation_id: str) -> Event | None:
    """The record as an event of the flow; None for one of another flow, or none."""
    offset, _, key, _, headers = row
    if not headers:
        return None
    found = {name: None if value is None else text(plain(value)) for name, value in headers}
    name = found.get("ce_id")
    if name is None or correlation_id not in (found.get("ce_correlationid"), name):
        return None
    letter = "__streams.errors.exception" in found
    error = f"{found['__streams.errors.exception']}: {found.get('__streams.errors.message')}" if letter else None
    return Event(
        name,
        found.get("ce_type") or "",
        found.get("ce_time") or "",
        topic,
        partition,
        offset,
        name if letter else found.get("ce_causationid"),
        found.get("ce_source"),
        plain(key),
        error,
    )


def tree(events: Iterable[Event]) -> Iterator[tuple[int, Event]]:
    """Each event with its depth, behind the one that caused it: the earliest first.

    Begins with those whose causes are not among the events. Of several with one id the first has the effects.
    """
    ordered = sorted(events, key=lambda event: (event.time, event.topic, event.partition, event.offset))
    first: dict[str, Event] = {}
    for event in ordered:
        if event.error is None:
            first.setdefault(event.id, event)
    effects: dict[int, list[Event]] = {}
    for event in ordered:
        cause = first.get(event.causation_id or "")
        if cause is not None and cause is not event:
            effects.setdefault(id(cause), []).append(event)
    caused = {id(event) for found in effects.values() for event in found}
    seen: set[int] = set()
    waiting = [(0, event) for event in reversed(ordered) if id(event) not in caused]
    waiting[:0] = [(0, event) for event in reversed(ordered) if id(event) in caused]  # of rings, which nobody made
    while waiting:
        depth, event = waiting.pop()
        if id(event) not in seen:
            seen.add(id(event))
            yield depth, event
            waiting += [(depth + 1, effect) for effect in reversed(effects.get(id(event), ()))]
