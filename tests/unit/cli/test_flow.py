"""Events of one flow: which records they are, and what is below what."""

from __future__ import annotations

import random

from streamapp.cli.flow import Event, event_of, tree


def event(name: str, cause: str | None, time: int = 0, error: str | None = None) -> Event:
    """An event of a type that is called like it."""
    return Event(name, name, f"2010-12-01T08:26:00.{time:03}Z", "topic", 0, time, cause, error=error)


def shown(events: list[Event]) -> list[str]:
    """Types, indented."""
    return ["." * depth + found.type + ("!" if found.error else "") for depth, found in tree(events)]


def test_each_event_is_below_its_cause_the_earliest_first() -> None:
    """However they were found; what came of a cause that is not there stands at the top."""
    events = [
        event("placed", None, 1),
        event("reserved", "placed", 2),
        event("captured", "reserved", 3),
        event("mail", "captured", 3),
        event("fraud", "placed", 4),
        event("stray", "elsewhere", 5),
    ]
    random.Random(1).shuffle(events)
    assert shown(events) == ["placed", ".reserved", "..captured", "...mail", ".fraud", "stray"]


def test_a_dead_letter_is_below_the_event_it_is_a_copy_of() -> None:
    """It has the same id, and no effects."""
    assert shown([event("placed", None, 1), event("placed", "placed", 1, "bad"), event("mail", "placed", 2)]) == [
        "placed",
        ".placed!",
        ".mail",
    ]


def test_a_repeated_event_and_a_ring_are_shown_once_each() -> None:
    """At least once, and whoever makes up headers."""
    assert shown([event("a", None, 1), event("a", None, 2), event("b", "a", 3)]) == ["a", ".b", "a"]
    assert sorted(found.id for _, found in tree([event("x", "y"), event("y", "x"), event("z", "z")])) == ["x", "y", "z"]


def test_an_event_is_a_record_with_an_id_of_the_flow() -> None:
    """By its correlation id, or its own where a flow begins; others are none of it."""
    headers = (("ce_id", b"1"), ("ce_type", b"Placed"), ("ce_correlationid", b"flow"), ("ce_causationid", None))
    row = (7, 0, b"key", None, headers)
    assert event_of("orders", 2, row, "flow") == Event("1", "Placed", "", "orders", 2, 7, None, None, "key")
    assert event_of("orders", 2, row, "1") is not None
    assert event_of("orders", 2, row, "other") is None
    assert event_of("orders", 2, (7, 0, b"key", None, ()), "flow") is None
    letter = (*headers, ("__streams.errors.exception", b"ValueError"), ("__streams.errors.message", b"bad"))
    found = event_of("dead", 0, (7, 0, None, None, letter), "flow")
    assert found is not None
    assert (found.causation_id, found.error) == ("1", "ValueError: bad")
