"""`streamapp import`: data sets that are put on topics, one module each."""

from __future__ import annotations

from streamapp.cli.commands import Catalogue, Commands

IMPORTERS: Catalogue = {
    "online-retail": (
        "streamapp.cli.importers.commands:online_retail",
        "UCI Online Retail: one event per invoice line.",
    ),
    "nab": (
        "streamapp.cli.importers.commands:nab",
        "Numenta Anomaly Benchmark: one event per reading of a sensor.",
    ),
    "nasa-http": (
        "streamapp.cli.importers.commands:nasa_http",
        "Requests to NASA's web server: one event per request.",
    ),
}

importers = Commands("import", IMPORTERS, help="Put a data set on a topic, timestamps as in the data.")
