"""Kafka Streams for Python, on Faust: the names an author of topologies needs.

Importing it loads neither Faust nor a Kafka client nor a store; `app`, the Faust App, is made when it is
asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamapp.dsl.describe import describe
from streamapp.dsl.grouped import GroupedStream
from streamapp.dsl.stream import End, Stream, stream
from streamapp.dsl.table import Table, table
from streamapp.dsl.topic import Topic
from streamapp.dsl.topology import Topology
from streamapp.dsl.windowed import WindowedStream
from streamapp.dsl.windows import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    TimeWindows,
    Windowed,
    tumbling,
)
from streamapp.errors import StreamappError, TopologyError
from streamapp.formats import json, raw, text
from streamapp.service import Publisher, Service

if TYPE_CHECKING:
    from streamapp.worker.shell import Shell

    app: Shell

__all__ = [
    "DAY",
    "HOUR",
    "MILLISECOND",
    "MINUTE",
    "SECOND",
    "End",
    "GroupedStream",
    "Publisher",
    "Service",
    "Stream",
    "StreamappError",
    "Table",
    "TimeWindows",
    "Topic",
    "Topology",
    "TopologyError",
    "Windowed",
    "WindowedStream",
    "app",
    "describe",
    "json",
    "raw",
    "stream",
    "table",
    "text",
    "tumbling",
]


def __getattr__(name: str) -> Any:
    """Makes `app` on first use."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from streamapp.app import build_app  # late: it loads Faust

    # The import has put the module where the App belongs.
    globals()["app"] = made = build_app()
    return made
