"""Event headers through every kind of step: id, cause and correlation of what comes out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from streamapp import (
    Record,
    Session,
    Topic,
    Topology,
    Windowed,
    global_table,
    join_windows,
    session,
    sliding,
    stream,
    table,
    tumbling,
    until_time_limit,
)
from streamapp.engine.events import ORIGIN
from streamapp.engine.records import Headers
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=str)
OTHER = Topic("other", key=str, value=str)
EXTRA = Topic("extra", key=str, value=str)
OUT = Topic("out", key=str, value=str)
COUNTS = Topic("counts", key=str, value=int)
WINDOWS = Topic("counts", key=Windowed[str], value=int)
SESSIONS = Topic("counts", key=Session[str], value=int)

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def event(name: str) -> Headers:
    """The headers of an event of the flow `flow-<name>`."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", name.encode()),
        ("ce_correlationid", f"flow-{name}".encode()),
        ("traceparent", TRACE.encode()),
    )


def both(left: str | None, right: str | None) -> str:
    """What a join gives."""
    return f"{left}+{right}"


def grouped() -> Any:
    """A stream grouped by its values, through a repartition topic."""
    return stream(IN).group_by(lambda value: value, "by-value")


STEPS: dict[str, Callable[[], Any]] = {
    "filter": lambda: stream(IN).filter(lambda value: True).to(OUT),
    "flat map": lambda: stream(IN).flat_map_values(lambda value: [value]).to(OUT),
    "through a topic": lambda: stream(IN).repartition("again").to(OUT),
    "through two topics": lambda: stream(IN).repartition("again").repartition("and-again").to(OUT),
    "count": lambda: stream(IN).group_by_key().count("counted").to_stream().to(COUNTS),
    "count by value": lambda: grouped().count("counted").to_stream().to(COUNTS),
    "tumbling": lambda: grouped().windowed_by(tumbling(10)).count("counted").to_stream().to(WINDOWS),
    "sliding": lambda: stream(IN).group_by_key().windowed_by(sliding(10)).count("c").to_stream().to(WINDOWS),
    "session": lambda: stream(IN).group_by_key().windowed_by(session(10)).count("c").to_stream().to(SESSIONS),
    "table": lambda: table(IN, "rows").map_values(str.upper).to_stream().to(OUT),
    "table group": lambda: (
        table(IN, "rows")
        .group_by(lambda key, value: (value, value), "by-value")
        .count("counted")
        .to_stream()
        .to(COUNTS)
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_keeps_the_flow_and_names_its_cause(step: str) -> None:
    """One event in: what comes out was caused by it, belongs to its flow, and has an id of its own."""
    with TopologyDriver(Topology("t", STEPS[step]())) as driver:
        driver.pipe(IN, "k", "v", 1, event("a"))
        sinks = [sink.topic for sub in driver.plan.subtopologies for sink in sub.sinks if not sink.internal]
        (out,) = driver.read(sinks[0])
    given = dict(out.headers)
    assert (given["ce_causationid"], given["ce_correlationid"]) == (b"a", b"flow-a")
    assert given["traceparent"] == TRACE.encode()
    assert given["ce_id"] not in (None, b"a")
    assert len(out.headers) == len(given)
    assert ORIGIN not in given


JOINS: dict[str, Callable[[], Any]] = {
    "stream-stream": lambda: stream(IN).join(stream(OTHER), both, within=join_windows(10), name="joined").to(OUT),
    "stream-table": lambda: stream(IN).join(table(OTHER, "rows"), both).to(OUT),
    "stream-global": lambda: stream(IN).join(global_table(OTHER, "rows"), both, key=lambda key, value: key).to(OUT),
    "table-table": lambda: table(IN, "left").join(table(OTHER, "right"), both).to_stream().to(OUT),
    "foreign key": lambda: (
        table(IN, "left")
        .join(table(OTHER, "right"), both, name="joined", foreign_key=lambda value: "k")
        .to_stream()
        .to(OUT)
    ),
}


@pytest.mark.parametrize("join", JOINS)
def test_a_join_belongs_to_the_flow_of_the_record_that_made_it(join: str) -> None:
    """The second record finds the first: the result is caused by the second."""
    with TopologyDriver(Topology("t", JOINS[join]())) as driver:
        driver.pipe(OTHER, "k", "r", 1, event("first"))
        driver.pipe(IN, "k", "l", 2, event("second"))
        (out,) = driver.read(OUT)
    given = dict(out.headers)
    assert (out.value, given["ce_causationid"], given["ce_correlationid"]) == ("l+r", b"second", b"flow-second")


def test_suppress_gives_the_flow_of_the_change_it_held_back() -> None:
    """Not that of the record that moved the time."""
    held = table(IN, "rows").suppress(until_time_limit(5), "held").to_stream().to(OUT)
    with TopologyDriver(Topology("t", held)) as driver:
        driver.pipe(IN, "k", "v", 1, event("held"))
        driver.restart()
        driver.pipe(IN, "other", "w", 9, event("late"))
        (out,) = driver.read(OUT)
    assert dict(out.headers)["ce_causationid"] == b"held"
    assert dict(out.headers)["ce_correlationid"] == b"flow-held"


def through_a_topic() -> Topology:
    """Two records for each, through a repartition topic, then a copy of each."""
    twice = stream(IN).merge(stream(EXTRA)).flat_map_values(lambda value: [value, value]).repartition("again")
    return Topology("t", twice.to(OUT), twice.to(OTHER))


def ids(driver: TopologyDriver) -> list[bytes | None]:
    """The ids of what was written."""
    return [dict(out.headers)["ce_id"] for topic in (OUT, OTHER) for out in driver.read(topic)]


def test_what_is_written_to_a_repartition_topic_once_more_gives_the_same_ids() -> None:
    """Under at-least-once, and in a replay, its records stand at other offsets there."""
    with TopologyDriver(through_a_topic()) as driver:
        driver.pipe(IN, "k", "v", 1, event("a"))
        first = ids(driver)
    with TopologyDriver(through_a_topic()) as driver:
        driver.pipe(EXTRA, "k", "before", 1)
        driver.read(OUT), driver.read(OTHER)
        driver.pipe(IN, "k", "v", 1, event("a"))
        assert ids(driver) == first
    assert len(set(first)) == 4
    assert {uuid.UUID((one or b"").decode()).version for one in first} == {5}


def test_records_that_are_no_events_stay_as_they_are() -> None:
    """Neither headers of events nor of origins are added."""
    with TopologyDriver(through_a_topic()) as driver:
        driver.pipe(IN, "k", "v", 1, (("h", b"1"),))
        assert driver.read(OUT) == [Record("k", "v", 1, (("h", b"1"),))] * 2
        assert driver.read("again-repartition") == [Record("k", "v", 1, (("h", b"1"),))] * 2


def test_the_record_cache_gives_the_same_ids_whatever_else_waits() -> None:
    """Another commit holds other changes; the id is that of the change."""
    counted = stream(IN).group_by_key().count("counted").to_stream().to(COUNTS)
    topology = Topology("t", counted, cache_max_bytes=1_000_000)
    found = []
    for alone in (True, False):
        with TopologyDriver(topology) as driver:
            driver.pipe(IN, "x", "v", 1, event("x"))
            if alone:
                driver.commit()
            driver.pipe(IN, "y", "v", 2, event("y"))
            driver.commit()
            found.append({out.key: dict(out.headers)["ce_id"] for out in driver.read(COUNTS)})
    assert found[0] == found[1]
    assert len(set(found[0].values())) == 2
