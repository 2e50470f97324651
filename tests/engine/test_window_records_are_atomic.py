"""A record that fails leaves no trace in windows, sessions, buffers and clocks; old values are what they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamapp import (
    Session,
    Table,
    Topic,
    Topology,
    Windowed,
    hopping,
    session,
    sliding,
    stream,
    until_time_limit,
    until_window_closes,
)
from streamapp.dsl.processor import Record
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=int)
OUT: Topic[Any, list[int]] = Topic("out", key=Windowed[str], value=list[int])
SESSIONS: Topic[Any, list[int]] = Topic("out", key=Session[str], value=list[int])
PLAIN: Topic[Any, list[int]] = Topic("out", key=str, value=list[int])


def collect(values: list[int], value: int) -> list[int]:
    """Adds a value to the list it is given, and then fails for negative ones."""
    values.append(value)
    if value < 0:
        raise ValueError("a negative value")
    return values


def merge(values: list[int], others: list[int]) -> list[int]:
    """Both lists."""
    return [*values, *others]


group = stream(IN).group_by_key()
TOPOLOGIES = {
    "hopping": Topology(
        "t",
        group.windowed_by(hopping(10, advance=4, grace=5))
        .aggregate(list, collect, "x", value=list[int], emit="close")
        .to_stream()
        .to(OUT),
    ),
    "sliding": Topology(
        "t",
        group.windowed_by(sliding(10, grace=5)).aggregate(list, collect, "x", value=list[int]).to_stream().to(OUT),
    ),
    "session": Topology(
        "t",
        group.windowed_by(session(5, grace=5))
        .aggregate(list, collect, "x", merger=merge, value=list[int], emit="close")
        .to_stream()
        .to(SESSIONS),
    ),
    "suppressed": Topology(
        "t",
        group.windowed_by(sliding(10))
        .aggregate(list, collect, "x", value=list[int])
        .suppress(until_window_closes(), "y")
        .to_stream()
        .to(OUT),
    ),
    "limited": Topology(
        "t",
        group.aggregate(list, collect, "x", value=list[int])
        .suppress(until_time_limit(5, max_records=1), "y")
        .to_stream()
        .map_values(lambda values: collect([], values[-1] - 3), value=list[int])
        .to(PLAIN),
    ),
}

EVENTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(-1, 9), st.integers(0, 40)), max_size=20)


def run(topology: Topology, events: list[tuple[str, int, int]]) -> tuple[list[Record[Any, Any]], list[int], int]:
    """The results, the offsets of what failed, and how much was late."""
    with TopologyDriver(topology) as driver:
        for key, value, time in events:
            driver.pipe(IN, key, value, timestamp=time)
        return driver.read("out"), [letter.row[0] for letter in driver.dead_letters], sum(driver.late.values())


@settings(max_examples=50)
@pytest.mark.parametrize("name", TOPOLOGIES)
@given(events=EVENTS)
def test_it_is_as_if_the_failed_had_never_come(name: str, events: list[tuple[str, int, int]]) -> None:
    """The same results as without the records that went to the dead letters."""
    results, failed, late = run(TOPOLOGIES[name], events)
    rest = [event for number, event in enumerate(events) if number not in failed]
    assert run(TOPOLOGIES[name], rest) == (results, [], late)


def lengths(windowed: Table[Any, list[int]]) -> Topology:
    """How many values all windows of a key hold: what is new is added, what was is taken away."""
    grouped = windowed.group_by(lambda key, values: (key.key, len(values)), "by-key", key=str, value=int)
    total = grouped.aggregate(int, lambda sum_, one: sum_ + one, lambda sum_, one: sum_ - one, "total")
    return Topology("t", total.to_stream().to(Topic("out", key=str, value=int)))


def test_old_values_are_not_what_the_function_made_of_them() -> None:
    """Though the aggregator changes the list it is given."""
    topology = lengths(group.windowed_by(hopping(10, advance=10)).aggregate(list, collect, "x", value=list[int]))
    results, _, _ = run(topology, [("a", 1, 0), ("a", 2, 1), ("a", 3, 2)])
    assert results[-1].value == 3
    plain = group.aggregate(list, collect, "x", value=list[int])
    grouped = plain.group_by(lambda key, values: ("all", len(values)), "by-all", key=str, value=int)
    total = grouped.aggregate(int, lambda sum_, one: sum_ + one, lambda sum_, one: sum_ - one, "total")
    results, _, _ = run(
        Topology("t", total.to_stream().to(Topic("out", key=str, value=int))), [("a", 1, 0), ("b", 2, 1), ("a", 3, 2)]
    )
    assert results[-1].value == 3
