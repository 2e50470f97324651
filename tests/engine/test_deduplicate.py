"""Deduplicate: which records pass, which are dropped, and for how long ids are remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamapp import Topic, Topology, stream
from streamapp.testing.driver import TopologyDriver

IN = Topic("in", key=str, value=str)
OUT = Topic("out", key=str, value=str)

once = Topology("t", stream(IN).deduplicate("once", 10).to(OUT))


def passed(topology: Topology, *records: tuple[str | None, str | None, int]) -> list[str | None]:
    """The values that come out."""
    with TopologyDriver(topology) as driver:
        for key, value, time in records:
            driver.pipe(IN, key, value, timestamp=time)
            driver.commit()
        return [value for _, value in driver.pairs(OUT)]


def test_a_second_record_of_a_key_is_dropped_within_the_span() -> None:
    """At most 10 ms from the one that passed, before or after; a dropped one does not lengthen the span."""
    assert passed(once, ("a", "1", 0), ("a", "2", 10), ("b", "3", 10), ("a", "4", 11)) == ["1", "3", "4"]
    assert passed(once, ("b", "0", 20), ("a", "1", 20), ("a", "2", 10)) == ["0", "1"]


def test_the_id_may_be_in_the_value() -> None:
    """A function of the value, or of key and value; null ids are dropped."""
    by_value = Topology("t", stream(IN).deduplicate("once", 10, by=lambda value: value).to(OUT))
    assert passed(by_value, ("a", "1", 0), ("b", "1", 0), ("b", "2", 0), ("b", None, 0)) == ["1", "2"]
    by_both = Topology("t", stream(IN).deduplicate("once", 10, by=lambda key, value: f"{key}{value}").to(OUT))
    assert passed(by_both, ("a", "1", 0), ("b", "1", 0), ("b", "1", 0)) == ["1", "1"]


def test_what_is_too_old_to_know_is_late() -> None:
    """A record older than stream time - within: at 9 when it is 20."""
    with TopologyDriver(once) as driver:
        for key, time in (("a", 20), ("b", 10), ("c", 9)):
            driver.pipe(IN, key, key, timestamp=time)
        assert driver.pairs(OUT) == [("a", "a"), ("b", "b")]
        assert driver.late == {"once": 1}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60)), max_size=25), st.sets(st.integers(0, 25)))
def test_no_two_that_passed_are_near(events: list[tuple[str, int]], restarts: set[int]) -> None:
    """And one that was dropped was near one that had passed, or late; restarts change nothing."""
    with TopologyDriver(once) as driver:
        kept: list[tuple[str, int]] = []
        for number, (key, time) in enumerate(events):
            driver.pipe(IN, key, key, timestamp=time)
            near = any(other == key and abs(time - at) <= 10 for other, at in kept)
            late = time < max(at for _, at in events[: number + 1]) - 10
            assert len(driver.read(OUT)) == (not near and not late)
            if not near and not late:
                kept.append((key, time))
            if number in restarts:
                driver.restart()
