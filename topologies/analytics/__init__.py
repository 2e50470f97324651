"""Analytics on recorded data: invoice lines of a wholesaler, readings of sensors, requests to a web server.

One file per topology, `events` with what they speak of. The data comes by `streamapp import`.
"""

from __future__ import annotations

from topologies.analytics import (
    countries,
    customers,
    important_lines,
    invoices,
    markets,
    returns,
    revenue,
    sessions,
    stock,
    telemetry,
    web_sessions,
)

TOPOLOGIES = (
    important_lines.topology,
    customers.topology,
    markets.topology,
    revenue.topology,
    sessions.topology,
    returns.topology,
    countries.topology,
    stock.topology,
    invoices.topology,
    telemetry.topology,
    web_sessions.topology,
)
