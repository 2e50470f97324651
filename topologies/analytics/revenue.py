"""Revenue of invoice lines by hour, by day, and by hours that begin every 15 minutes: per country and in all.

Cancellations count negative. A window stays open for another hour of event time; a row that comes later is dropped
and counted as late. When an hour of all countries has closed, its sum goes out once more, for good.
"""

from __future__ import annotations

from streamapp import DAY, HOUR, MINUTE, Topology, hopping, stream, tumbling, until_window_closes
from topologies.analytics.events import KEPT, REVENUE_FINAL, Revenue
from topologies.events import RETAIL, RetailRow


def of_country(row: RetailRow) -> tuple[str, int]:
    """The pence of a row, by country."""
    return row.country, row.pence


def of_all(row: RetailRow) -> tuple[str, int]:
    """The pence of a row, under one key."""
    return "all", row.pence


def add(revenue: Revenue, pence: int) -> Revenue:
    """The revenue with one more row."""
    return Revenue(revenue.rows + 1, revenue.pence + pence)


rows = stream(RETAIL)
by_country = rows.map(of_country).group_by_key("by-country")
in_all = rows.map(of_all).group_by_key("in-all")

hours, days = tumbling(HOUR, grace=HOUR), tumbling(DAY, grace=HOUR)
hops = hopping(HOUR, advance=15 * MINUTE, grace=HOUR)

total_per_hour = in_all.windowed_by(hours).aggregate(Revenue, add, "total-per-hour", retention=KEPT)

topology = Topology(
    "revenue",
    by_country.windowed_by(hours).aggregate(Revenue, add, "revenue-per-hour", retention=KEPT),
    by_country.windowed_by(days).aggregate(Revenue, add, "revenue-per-day", retention=KEPT),
    by_country.windowed_by(hops).aggregate(Revenue, add, "revenue-hopping", retention=KEPT),
    in_all.windowed_by(days).aggregate(Revenue, add, "total-per-day", retention=KEPT),
    in_all.windowed_by(hops).aggregate(Revenue, add, "total-hopping", retention=KEPT),
    total_per_hour.suppress(until_window_closes(), "closed-hours").to_stream().to(REVENUE_FINAL),
)
