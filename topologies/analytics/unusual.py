"""What a reading tells of a sensor, from its settings and what is remembered of it.

Readings count in the order in which they come. Knows nothing of streams or stores.
"""

from __future__ import annotations

from math import fsum, sqrt

from msgspec import Struct

from topologies.analytics import events as e


class Memory(Struct, frozen=True):
    """What is known of a sensor: its state, for how many readings, its newest time, the readings of its history."""

    side: e.Side = "N"
    run: int = 0
    newest: int = -1
    history: tuple[float, ...] = ()


class Findings(Struct, frozen=True):
    """What a reading tells, each empty or one."""

    edges: tuple[e.Edge, ...] = ()
    sustained: tuple[e.Sustained, ...] = ()
    deviations: tuple[e.Deviation, ...] = ()
    out_of_order: tuple[e.OutOfOrder, ...] = ()
    alerts: tuple[e.Alert, ...] = ()


def side_of(value: float, settings: e.SensorSettings) -> e.Side:
    """Low, normal or high."""
    return "L" if value < settings.low else "H" if value > settings.high else "N"


def z_of(value: float, history: tuple[float, ...]) -> float:
    """How many population standard deviations a value is above the mean of a history; 0 where they were all equal."""
    mean = fsum(history) / len(history)
    deviation = sqrt(fsum([(one - mean) ** 2 for one in history]) / len(history))
    return (value - mean) / deviation if deviation else 0.0


def findings(memory: Memory, settings: e.SensorSettings, reading: e.Reading, time: int) -> tuple[Memory, Findings]:
    """What a reading tells, and what is remembered after it."""
    row, side = reading.row, side_of(reading.value, settings)
    changed = side != memory.side
    run = 1 if changed else memory.run + 1
    scored = len(memory.history) >= settings.history > 0
    z = z_of(reading.value, memory.history[-settings.history :]) if scored else 0.0
    alert = e.TemperatureNormal(reading.value) if side == "N" else e.TemperatureExceeded(reading.value, side)
    found = Findings(
        (e.Edge(row, time, memory.side, side, reading.text),) if changed else (),
        (e.Sustained(row, time, side),) if side != "N" and run == settings.run_length else (),
        (e.Deviation(row, time, "+" if z > 0 else "-"),) if abs(z) > settings.z_bound else (),
        (e.OutOfOrder(row, time),) if time < memory.newest else (),
        (alert,) if changed else (),
    )
    history = (*memory.history, reading.value)[-settings.history :] if settings.history > 0 else ()
    return Memory(side, run, max(memory.newest, time), history), found
