"""The topology `telemetry`: sensors that fall silent, and settings that change while it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamapp import HOUR, MINUTE
from streamapp.testing.driver import TopologyDriver
from topologies.analytics import telemetry
from topologies.analytics.events import (
    READINGS,
    SENSOR_SETTINGS,
    TEMPERATURE_ALERTS,
    TEMPERATURE_EDGES,
    TEMPERATURE_SUSTAINED,
    TEMPERATURE_Z,
    Alert,
    Reading,
    SensorBack,
    SensorSettings,
    SensorSilent,
    TemperatureExceeded,
    TemperatureNormal,
)


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka."""
    with TopologyDriver(telemetry.topology) as running:
        yield running


def read(driver: TopologyDriver, value: float, at: int, sensor: str = "oven", row: int = 0) -> None:
    """A sensor says something."""
    driver.pipe(READINGS, sensor, Reading(row, value, f"{value}", int(value * 1_000_000_000)), timestamp=at)


def alerts(driver: TopologyDriver) -> list[tuple[str, Alert]]:
    """The alerts since they were last asked for."""
    return driver.pairs(TEMPERATURE_ALERTS)


def test_a_sensor_that_says_nothing_is_told_of_once(driver: TopologyDriver) -> None:
    """After a quarter of an hour by the clock, however old its reading says that it is."""
    read(driver, 80.0, HOUR)
    driver.advance(14 * MINUTE)
    assert alerts(driver) == []
    driver.advance(2 * MINUTE)
    assert alerts(driver) == [("oven", SensorSilent(HOUR))]
    driver.advance(HOUR)
    assert alerts(driver) == []


def test_a_silent_sensor_that_is_heard_again_is_told_of(driver: TopologyDriver) -> None:
    """With when it was heard before; then it may fall silent again."""
    read(driver, 80.0, HOUR)
    driver.advance(16 * MINUTE)
    alerts(driver)
    read(driver, 81.0, 2 * HOUR)
    assert alerts(driver) == [("oven", SensorBack(HOUR))]
    driver.advance(16 * MINUTE)
    assert alerts(driver) == [("oven", SensorSilent(2 * HOUR))]


def test_only_the_sensor_that_is_silent_is_told_of(driver: TopologyDriver) -> None:
    """The other one has spoken meanwhile."""
    read(driver, 80.0, 0, "oven")
    read(driver, 80.0, 0, "fridge")
    driver.advance(10 * MINUTE)
    read(driver, 80.0, 10 * MINUTE, "fridge")
    driver.advance(6 * MINUTE)
    assert alerts(driver) == [("oven", SensorSilent(0))]


def test_a_silent_sensor_is_still_silent_after_a_restart(driver: TopologyDriver) -> None:
    """It is not told of a second time."""
    read(driver, 80.0, 0)
    driver.advance(16 * MINUTE)
    assert len(alerts(driver)) == 1
    driver.restart()
    driver.advance(16 * MINUTE)
    assert alerts(driver) == []
    read(driver, 80.0, HOUR)
    assert alerts(driver) == [("oven", SensorBack(0))]


def test_how_long_silence_lasts_is_a_setting_of_the_sensor(driver: TopologyDriver) -> None:
    """It counts from the next look on, for the one sensor."""
    driver.pipe(SENSOR_SETTINGS, "oven", SensorSettings(silent_after=2 * MINUTE))
    read(driver, 80.0, 0, "oven")
    read(driver, 80.0, 0, "fridge")
    driver.advance(3 * MINUTE)
    assert alerts(driver) == [("oven", SensorSilent(0))]


def test_changed_bounds_count_from_the_next_reading_on(driver: TopologyDriver) -> None:
    """The same value is too much after the change and not before; without settings the usual ones are back."""
    read(driver, 90.0, 0)
    driver.pipe(SENSOR_SETTINGS, "oven", SensorSettings(high=85.0))
    read(driver, 90.0, 1, row=1)
    driver.pipe(SENSOR_SETTINGS, "oven", None)
    read(driver, 90.0, 2, row=2)
    assert alerts(driver) == [
        ("oven", TemperatureExceeded(90.0, "H")),
        ("oven", TemperatureNormal(90.0)),
    ]
    edges = [(edge.row, edge.from_, edge.to) for _, edge in driver.pairs(TEMPERATURE_EDGES)]
    assert edges == [(1, "N", "H"), (2, "H", "N")]


def test_settings_of_one_sensor_are_not_those_of_another(driver: TopologyDriver) -> None:
    """They are found by the sensor's name."""
    driver.pipe(SENSOR_SETTINGS, "oven", SensorSettings(high=300.0))
    read(driver, 200.0, 0, "oven")
    read(driver, 200.0, 0, "fridge")
    assert [sensor for sensor, _ in alerts(driver)] == ["fridge"]


def test_run_length_and_history_are_settings_too(driver: TopologyDriver) -> None:
    """Two readings are a run, and three are enough to compare with."""
    driver.pipe(SENSOR_SETTINGS, "oven", SensorSettings(run_length=2, history=3, z_bound=2.0))
    for row, value in enumerate((70.0, 71.0, 72.0, 110.0, 111.0)):
        read(driver, value, row, row=row)
    assert [found.row for _, found in driver.pairs(TEMPERATURE_SUSTAINED)] == [4]
    assert [(found.row, found.sign) for _, found in driver.pairs(TEMPERATURE_Z)] == [(3, "+")]
