"""Kafka Streams for Python, on Faust: the names an author of topologies needs.

Importing it loads neither Faust nor a Kafka client nor a store; `app`, the Faust App, is made when it is
asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamapp.dsl.attached import AttachedStore, KeyValueRows, WindowRows, key_value_store, window_store
from streamapp.dsl.branching import Branches
from streamapp.dsl.cogrouped import CogroupedStream
from streamapp.dsl.describe import describe
from streamapp.dsl.failure import Failure, Retry, retrying
from streamapp.dsl.global_table import GlobalTable, global_table
from streamapp.dsl.grouped import GroupedStream
from streamapp.dsl.grouped_table import GroupedTable
from streamapp.dsl.join_windows import JoinWindows, join_windows
from streamapp.dsl.materialized import Materialized
from streamapp.dsl.processor import (
    Processor,
    ProcessorContext,
    Record,
    ValueContext,
    ValueProcessor,
)
from streamapp.dsl.sessions import SessionStream
from streamapp.dsl.stream import End, Stream, stream
from streamapp.dsl.suppression import until_time_limit, until_window_closes
from streamapp.dsl.table import Table, table
from streamapp.dsl.topic import Topic, TopicPattern
from streamapp.dsl.topology import Topology
from streamapp.dsl.windowed import WindowedStream
from streamapp.dsl.windows import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    Session,
    SessionWindows,
    SlidingWindows,
    TimeWindows,
    Windowed,
    hopping,
    session,
    sliding,
    tumbling,
)
from streamapp.errors import StreamappError, TopologyError
from streamapp.formats import json, raw, text
from streamapp.service import Place, Publisher, Service

if TYPE_CHECKING:
    from streamapp.worker.shell import Shell

    app: Shell

__all__ = [
    "DAY",
    "HOUR",
    "MILLISECOND",
    "MINUTE",
    "SECOND",
    "AttachedStore",
    "Branches",
    "CogroupedStream",
    "End",
    "Failure",
    "GlobalTable",
    "GroupedStream",
    "GroupedTable",
    "JoinWindows",
    "KeyValueRows",
    "Materialized",
    "Place",
    "Processor",
    "ProcessorContext",
    "Publisher",
    "Record",
    "Retry",
    "Service",
    "Session",
    "SessionStream",
    "SessionWindows",
    "SlidingWindows",
    "Stream",
    "StreamappError",
    "Table",
    "TimeWindows",
    "Topic",
    "TopicPattern",
    "Topology",
    "TopologyError",
    "ValueContext",
    "ValueProcessor",
    "WindowRows",
    "Windowed",
    "WindowedStream",
    "app",
    "describe",
    "global_table",
    "hopping",
    "join_windows",
    "json",
    "key_value_store",
    "raw",
    "retrying",
    "session",
    "sliding",
    "stream",
    "table",
    "text",
    "tumbling",
    "until_time_limit",
    "until_window_closes",
    "window_store",
]


def __getattr__(name: str) -> Any:
    """Makes `app` on first use."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from streamapp.app import build_app  # late: it loads Faust

    # The import has put the module where the App belongs.
    globals()["app"] = made = build_app()
    return made
