"""Revenue per country and hour: rows and pence of invoice lines; cancellations count negative.

An hour stays open for another hour of event time; a row that comes later is dropped and counted as late.
"""

from __future__ import annotations

from msgspec import Struct

from streamapp import DAY, HOUR, Topology, stream, tumbling
from topologies.events import RETAIL, RetailRow


class Revenue(Struct, frozen=True):
    """So many invoice lines, worth so many pence."""

    rows: int = 0
    pence: int = 0


def country(row: RetailRow) -> str:
    """Where the customer lives."""
    return row.country


def add(revenue: Revenue, row: RetailRow) -> Revenue:
    """The revenue with one more row."""
    return Revenue(revenue.rows + 1, revenue.pence + row.pence)


revenue_per_hour = (
    stream(RETAIL)
    .group_by(country, "by-country")
    .windowed_by(tumbling(HOUR, grace=HOUR))
    .aggregate(Revenue, add, "revenue-per-hour", retention=800 * DAY)
)

topology = Topology("revenue", revenue_per_hour)
