"""Watches sensors: readings out of bounds, runs of them, readings far from those before, silence; sums of hours.

Readings count in the order in which they come. What is unusual is data: settings per sensor on a topic of their own,
changed without a restart; `unusual` says what a reading tells by them.
"""

from __future__ import annotations

from msgspec import Struct

from streamapp import (
    HOUR,
    MINUTE,
    Processor,
    ProcessorContext,
    Record,
    Topology,
    ValueContext,
    ValueProcessor,
    global_table,
    key_value_store,
    stream,
    tumbling,
)
from topologies.analytics import events as e
from topologies.analytics.unusual import Findings, Memory, findings


class Heard(Struct, frozen=True):
    """When a sensor was last heard, by the clock, the time of that reading, and whether it is silent since."""

    at: int
    reading: int
    silent: bool = False


class Hour(Struct, frozen=True):
    """The readings of an hour; the average is sum_nano / rows / 1e9."""

    rows: int = 0
    min_nano: int = 0
    max_nano: int = 0
    sum_nano: int = 0


MEMORY = key_value_store("sensor-memory", key=str, value=Memory)
HEARD = key_value_store("sensors-heard", key=str, value=Heard)
SETTINGS = global_table(e.SENSOR_SETTINGS, "sensor-settings")


class Watch(ValueProcessor[str, e.Reading, Findings]):
    """Runs `findings` on each reading."""

    def init(self, context: ValueContext[Findings]) -> None:
        """Finds the store."""
        self.context = context
        self.memory = context.store(MEMORY)

    def process(self, record: Record[str, e.Reading]) -> None:
        """Passes on what the reading tells, if anything."""
        settings = self.context.row(SETTINGS, record.key) or e.SensorSettings()
        memory, found = findings(self.memory.get(record.key) or Memory(), settings, record.value, record.timestamp)
        self.memory.put(record.key, memory)
        if found != Findings():
            self.context.forward(found)


class Silence(Processor[str, e.Reading, str, e.Alert]):
    """Tells when nothing has come from a sensor for too long, by the clock, and when it is heard again."""

    def init(self, context: ProcessorContext[str, e.Alert]) -> None:
        """Looks once a minute."""
        self.context = context
        self.heard = context.store(HEARD)
        context.schedule(MINUTE, "wall_clock", self.look)

    def process(self, record: Record[str, e.Reading]) -> None:
        """Remembers that the sensor was heard."""
        last = self.heard.get(record.key)
        if last is not None and last.silent:
            self.context.forward(Record(record.key, e.SensorBack(last.reading), record.timestamp, record.headers))
        self.heard.put(record.key, Heard(self.context.wall_clock, record.timestamp))

    def look(self, now: int) -> None:
        """Passes on each sensor that has become silent, once."""
        for sensor, last in self.heard.range():
            settings = self.context.row(SETTINGS, sensor) or e.SensorSettings()
            if not last.silent and now - last.at >= settings.silent_after:
                self.heard.put(sensor, Heard(last.at, last.reading, silent=True), timestamp=last.reading)
                self.context.forward(Record(sensor, e.SensorSilent(last.reading), now))


def add(hour: Hour, reading: e.Reading) -> Hour:
    """The hour with one more reading."""
    nano = reading.nano
    if not hour.rows:
        return Hour(1, nano, nano, nano)
    return Hour(hour.rows + 1, min(hour.min_nano, nano), max(hour.max_nano, nano), hour.sum_nano + nano)


readings = stream(e.READINGS)
watched = readings.process_values(Watch, "watch", stores=[MEMORY, SETTINGS])
silent = readings.process(Silence, "silence", stores=[HEARD, SETTINGS])
hourly = (
    readings.group_by_key()
    .windowed_by(tumbling(HOUR, grace=HOUR))
    .aggregate(Hour, add, "temperature-hourly", retention=e.KEPT)
)

topology = Topology(
    "telemetry",
    watched.flat_map_values(lambda found: found.edges, value=e.Edge).to(e.TEMPERATURE_EDGES),
    watched.flat_map_values(lambda found: found.sustained, value=e.Sustained).to(e.TEMPERATURE_SUSTAINED),
    watched.flat_map_values(lambda found: found.deviations, value=e.Deviation).to(e.TEMPERATURE_Z),
    watched.flat_map_values(lambda found: found.out_of_order, value=e.OutOfOrder).to(e.TEMPERATURE_OUT_OF_ORDER),
    watched.flat_map_values(lambda found: found.alerts, value=e.Alert).to(e.TEMPERATURE_ALERTS),
    silent.to(e.TEMPERATURE_ALERTS),
    hourly,
)
