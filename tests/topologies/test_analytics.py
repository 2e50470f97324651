"""The analytics: what every one of them answers, against plain arithmetic, in the file's order and in others."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from streamapp.cli.gallery.answers import ANSWERS
from streamapp.cli.importers import nab, nasa_http, online_retail
from streamapp.cli.importers.files import lines_of
from tests.gallery import plain
from tests.gallery.driven import answers_of

SMALL = Path(__file__).parents[1] / "fixtures" / "retail-small.csv"
REAL = Path(__file__).parents[3] / "shared" / "realdata" / "data"
WEEK = REAL / "online-retail-week.csv.gz"
SENSORS = ("machine_temperature_system_failure", "ambient_temperature_system_failure", "nyc_taxi")
RETAIL = sorted({ANSWERS[name].topology for name in plain.RETAIL})
PART = 6_000
"""Rows of the week that go out of order: two days, so that hours, days and sessions are late."""


def in_file(rows: int) -> list[int]:
    """As the file has them."""
    return list(range(rows))


def shuffled(rows: int) -> list[int]:
    """Any order: most windows are late."""
    return random.Random(7).sample(range(rows), rows)


def jittered(rows: int) -> list[int]:
    """Each row up to some hundred places from where it was: some windows are late, and sessions grow together."""
    chance = random.Random(11)
    return sorted(range(rows), key=lambda row: row + chance.uniform(0, 900))


def compared(path: Path, topology: str, order: list[int]) -> None:
    """Fails the test where the driver and plain arithmetic differ."""
    names = [name for name in plain.RETAIL if ANSWERS[name].topology == topology]
    events = list(online_retail.events(lines_of(path), path.name))
    rows = plain.retail(path)
    found = answers_of(topology, "retail", [events[index] for index in order], names)
    for name in names:
        expected = sorted(plain.RETAIL[name]([rows[index] for index in order]), key=str.encode)
        assert found[name] == expected, name


@pytest.mark.parametrize("topology", RETAIL)
@pytest.mark.parametrize("order", [in_file, shuffled])
def test_a_small_file_gives_what_plain_arithmetic_says(topology: str, order: Callable[[int], list[int]]) -> None:
    """Forty rows with every kind of dirt."""
    compared(SMALL, topology, order(40))


@pytest.mark.shared
@pytest.mark.parametrize("topology", RETAIL)
@pytest.mark.parametrize("order", [in_file, shuffled, jittered])
def test_real_rows_give_what_plain_arithmetic_says(topology: str, order: Callable[[int], list[int]]) -> None:
    """In any order: late rows are dropped by the windows they are late for, and by those alone."""
    compared(WEEK, topology, order(PART))


@pytest.mark.shared
@pytest.mark.parametrize("sensor", SENSORS)
def test_sensors_give_what_plain_arithmetic_says(sensor: str) -> None:
    """With the settings that nobody has changed."""
    path = REAL / "nab" / f"{sensor}.csv.gz"
    names = [name for name in ANSWERS if ANSWERS[name].topology == "telemetry"]
    found = answers_of("telemetry", "readings", nab.events(lines_of(path), path.name, sensor), names)
    expected = plain.telemetry(path)
    for name in names:
        assert found[name] == sorted(expected[name.rpartition("_")[2]], key=str.encode), name


@pytest.mark.shared
def test_the_web_log_gives_as_many_sessions_as_are_known() -> None:
    """2,989 visits, 332 of them of one request; four bursts."""
    path = REAL / "nasa-http-1995-08-01.csv.gz"
    names = ["i_sessions", "i_burst_1min", "i_top10"]
    found = answers_of("web-sessions", "requests", nasa_http.events(lines_of(path), path.name), names)
    assert len(found["i_sessions"]) == 2_989
    assert sum(line.split(",")[3] == "1" for line in found["i_sessions"]) == 332
    assert found["i_top10"][0] == "h0554,807276651000,807285821000,338,18750653"
    assert len(found["i_burst_1min"]) == 4
