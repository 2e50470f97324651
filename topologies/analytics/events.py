"""The catalogue of the analytics: what they read beside the invoice lines, what they find, and the topics of both.

Money is in pence, time in ms, temperature also in integer nano-degrees. Knows nothing of how anything is found.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from streamapp import DAY, MINUTE, Topic, Windowed
from topologies.events import RetailRow

KEPT = 800 * DAY
"""How long the windows of analytics are kept: longer than any of the data sets lasts."""


class Revenue(Struct, frozen=True):
    """So many invoice lines, worth so many pence."""

    rows: int = 0
    pence: int = 0


class Return(Struct, frozen=True):
    """A cancelled line, and a purchase it may take back; null where there is none. Both by their rows."""

    left_row: int
    right_row: int | None


class Move(Struct, frozen=True):
    """Where a customer's row says the customer lives, and where the row before it said so."""

    row: int = -1
    country: str | None = None
    prior: str | None = None


class Reading(Struct, frozen=True):
    """What a sensor says; `text` is the value as it was written, `nano` the value in 1/1,000,000,000."""

    row: int
    value: float
    text: str
    nano: int


class SensorSettings(Struct, frozen=True):
    """What is unusual for a sensor."""

    low: float = 50.0
    """A reading below is L."""
    high: float = 103.0
    """A reading above is H."""
    run_length: int = 3
    """So many readings in one state, L or H, are sustained."""
    history: int = 288
    """So many readings before one are what it is compared with; a day, at one every five minutes."""
    z_bound: float = 4.0
    """A reading is unusual when it is farther from their mean than so many standard deviations."""
    silent_after: int = 15 * MINUTE
    """A sensor is silent when so long (ms, of the clock) nothing has come from it."""


Side: TypeAlias = Literal["L", "N", "H"]
"""Low, normal, high."""


class Edge(Struct, frozen=True, rename={"from_": "from"}):
    """A reading with which the state has changed."""

    row: int
    ts_ms: int
    from_: Side
    to: Side
    value_text: str


class Sustained(Struct, frozen=True):
    """With that reading a run of equal states, low or high, is long enough."""

    row: int
    ts_ms: int
    side: Side


class Deviation(Struct, frozen=True):
    """A reading far from the mean of those before it: above or below."""

    row: int
    ts_ms: int
    sign: Literal["+", "-"]


class OutOfOrder(Struct, frozen=True):
    """A reading that is older than one before it."""

    row: int
    ts_ms: int


class TemperatureExceeded(Struct, frozen=True, tag=True):
    """A sensor has left its bounds."""

    value: float
    side: Side


class TemperatureNormal(Struct, frozen=True, tag=True):
    """A sensor is within its bounds again."""

    value: float


class SensorSilent(Struct, frozen=True, tag=True):
    """Nothing has come from a sensor for too long; its last reading was made at `since` (ms)."""

    since: int


class SensorBack(Struct, frozen=True, tag=True):
    """A sensor that was silent is heard again; its last reading before that was made at `since` (ms)."""

    since: int


Alert: TypeAlias = TemperatureExceeded | TemperatureNormal | SensorSilent | SensorBack


class WebRequest(Struct, frozen=True):
    """One line of a web server's log."""

    row: int
    host: str
    method: str
    url: str
    status: int
    bytes: int


# Keyed by customer, as the lines are.
IMPORTANT_LINES = Topic("important-lines", key=str, value=RetailRow)
COUNTRIES = Topic("countries", key=str, value=Move)

# Keyed by customer and stock code.
RETURNS = Topic("returns", key=tuple[str, str], value=Return)

# Keyed by the hour, of all countries.
REVENUE_FINAL = Topic("revenue-final", key=Windowed[str], value=Revenue)

# Keyed by sensor.
READINGS = Topic("readings", key=str, value=Reading)
SENSOR_SETTINGS = Topic("sensor-settings", key=str, value=SensorSettings)
TEMPERATURE_EDGES = Topic("temperature-edges", key=str, value=Edge)
TEMPERATURE_SUSTAINED = Topic("temperature-sustained", key=str, value=Sustained)
TEMPERATURE_Z = Topic("temperature-z", key=str, value=Deviation)
TEMPERATURE_OUT_OF_ORDER = Topic("temperature-out-of-order", key=str, value=OutOfOrder)
TEMPERATURE_ALERTS = Topic("temperature-alerts", key=str, value=Alert)

# Keyed by host.
REQUESTS = Topic("requests", key=str, value=WebRequest)
