"""What is made of measurements: spreads, ratios, rates, rows, verdicts, pictures."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from bench.drain import Drained
from bench.goals import Verdict, of_drains
from bench.measure import Measured
from bench.picture import picture
from bench.rows import rows, table
from bench.spread import percentiles, ratios, spread
from bench.systems import ALL, System

OURS = System("streamapp", "exactly_once", 1.0, (), ALL)
THEIRS = System("kafka-streams", "at_least_once", 1.0, (), ALL)


def measured(system: System, rate: float, later: float = 0.0, workload: str = "W2", rss: float = 100.0) -> Measured:
    """A drain of 1,000 events."""
    return Measured(workload, system, 1_000, rate, later, 1e6 / rate, rss, 1.0)


def test_a_spread_is_least_middle_and_greatest() -> None:
    """Of several values, whatever their order."""
    assert spread([3.0, 1.0, 2.0]) == (1.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="no measurements"):
        spread([])


def test_ratios_are_taken_within_rounds() -> None:
    """A round that was slow for both does not move the ratio."""
    assert ratios([10.0, 1.0], [5.0, 0.5]) == (2.0, 2.0, 2.0)
    with pytest.raises(ValueError, match="longer"):
        ratios([1.0], [1.0, 2.0])


def test_percentiles_are_values_that_were_measured() -> None:
    """One of a hundred is slow: it is the greatest, and not the middle."""
    assert percentiles([float(ms) for ms in range(1, 101)]) == {"p50_ms": 51.0, "p99_ms": 100.0, "max_ms": 100.0}
    assert percentiles([3.04]) == {"p50_ms": 3.0, "p99_ms": 3.0, "max_ms": 3.0}


def test_the_later_rate_is_that_of_the_second_half() -> None:
    """10 s for the first 500 outputs, 5 s for the others."""
    done = Drained(100.0, ((101.0, 1), (110.0, 500), (115.0, 1_000)))
    assert done.rate(3_000) == 200.0
    assert done.later_rate(3_000) == 300.0


def test_a_second_half_that_is_short_says_nothing() -> None:
    """All outputs of a last commit are there at once."""
    done = Drained(100.0, ((109.0, 500), (109.1, 1_000)))
    assert done.later_rate(910) == done.rate(910) == pytest.approx(100.0)


def test_a_row_has_the_shape_that_others_read() -> None:
    """Names and numbers of the JSON file."""
    made = rows([measured(OURS, 200), measured(THEIRS, 40, 50), measured(OURS, 400), measured(THEIRS, 100, 80)])
    assert made[0] == {
        "workload": "W2",
        "system": "streamapp",
        "guarantee": "exactly_once",
        "commit_interval": 1.0,
        "n": 1_000,
        "runs": 2,
        "rate": [200, 300, 400],
        "warm_rate": [200, 300, 400],
        "cpu_us_per_event": [2_500.0, 3_750.0, 5_000.0],
        "rss_mb": [100, 100, 100],
        "startup_s": [1.0, 1.0, 1.0],
        "ratio": [4.0, 4.0, 4.0],
    }
    assert made[1]["ratio"] == [0.8, 0.9, 1.0]
    assert "0.2 / 0.3 / 0.4" in table(made)


def test_without_kafka_streams_there_is_no_ratio() -> None:
    """Nothing is made up."""
    (row,) = rows([measured(OURS, 200)])
    assert row["ratio"] is None
    assert "-" in table([row])


def test_a_goal_that_is_missed_is_named() -> None:
    """1.9 times is not twice, even when one round was."""
    runs = [measured(OURS, 190), measured(THEIRS, 100), measured(OURS, 210), measured(THEIRS, 100)]
    slow = [measured(OURS, 180), measured(THEIRS, 100)]
    verdicts = {verdict.goal: verdict for verdict in of_drains([*runs, *slow])}
    missed = verdicts["W2 against Kafka Streams"]
    assert not missed.met
    assert str(missed) == "MISSED W2 against Kafka Streams: 1.90 (goal >= 2)"
    assert verdicts["W2 peak memory, MB"].met
    assert all("W1" not in goal for goal in verdicts)


def test_kafka_streams_is_taken_warm() -> None:
    """Twice its cold rate is not enough."""
    verdicts = of_drains([measured(OURS, 200), measured(THEIRS, 90, 120)])
    assert not next(verdict for verdict in verdicts if verdict.goal == "W2 against Kafka Streams").met


def test_each_guarantee_is_held_against_its_like() -> None:
    """Exactly once against exactly once, and both of ours against one another."""
    exact = replace(THEIRS, guarantee="exactly_once")
    loose = replace(OURS, guarantee="at_least_once")
    verdicts = of_drains([measured(OURS, 200), measured(exact, 50), measured(loose, 400)])
    found = {verdict.goal: verdict.found for verdict in verdicts}
    assert found["W2 exactly once against Kafka Streams' exactly once"] == 4.0
    assert found["W2 exactly once against at least once, 1 s commits"] == 0.5


def test_a_bound_from_above_is_met_from_below() -> None:
    """Memory."""
    assert Verdict("memory", 150, 149, most=True).met
    assert not Verdict("memory", 150, 151, most=True).met


def test_the_picture_is_xml_with_a_bar_for_each_row() -> None:
    """And says the ratio."""
    made = rows([measured(OURS, 200), measured(THEIRS, 50)])
    root = ElementTree.fromstring(picture(made, "Events <per> second"))  # noqa: S314  # made here
    assert len(root.findall("{*}rect")) == 2
    assert "x 4" in "".join(root.itertext())
