"""The answers by name: which topology computes each from which data set, and how its lines are made of rows.

A line has the columns of a row, joined; lines are sorted by their bytes unless the answer is a ranking. Knows nothing
of how topologies run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from streamapp.cli.rows import TableRow, delimited


@dataclass(frozen=True, slots=True)
class Answer:
    """Lines made of the rows of a topology's table, or of the records of a topic."""

    dataset: str
    topology: str
    kind: Literal["table", "topic"]
    source: str
    columns: str
    """Paths such as `key,window.start,value.rows`."""
    separator: str = ","
    only: Callable[[TableRow], bool] | None = None
    rank: Callable[[TableRow], Any] | None = None
    most: int | None = None
    """So many lines of a ranking."""

    def lines(self, rows: Iterable[TableRow]) -> list[bytes]:
        """The answer's lines, each with its end, in the answer's order."""
        kept = [row for row in rows if self.only is None or self.only(row)]
        if self.rank is not None:
            kept.sort(key=self.rank)
        made = islice(delimited(kept, self.columns.split(","), self.separator), self.most)
        return list(made) if self.rank is not None else sorted(made)


def _retail(topology: str, source: str, columns: str, **more: Any) -> Answer:
    return Answer("online-retail", topology, "table", source, columns, **more)


def _windows(table: str, *, by_country: bool) -> Answer:
    return _retail("revenue", table, ("key," if by_country else "") + "window.start,value.rows,value.pence")


def _by_money(row: TableRow) -> Any:
    return -row["value"]["net_pence"], row["key"].encode()


def _by_requests(row: TableRow) -> Any:
    return -row["value"]["requests"], row["key"].encode(), row["window"]["start"]


def _is_burst(row: TableRow) -> bool:
    return bool(row["value"]["requests"] >= 20)


_VISIT = "key,window.start,window.end,value.requests,value.bytes"

RETAIL = {
    "a": Answer("online-retail", "important-lines", "topic", "important-lines", "value.row,value.pence"),
    "b_customer": _retail(
        "customers",
        "customers",
        "key,value.orders,value.cancel_invoices,value.rows,value.net_pence,value.gross_pence",
    ),
    "b_top20": _retail("customers", "customers", "key,value.net_pence,value.orders", rank=_by_money, most=20),
    "b_country": _retail("markets", "markets", "key,value.rows,value.net_pence,value.invoices,value.customers"),
    "c_hour_country": _windows("revenue-per-hour", by_country=True),
    "c_hour_all": _windows("total-per-hour", by_country=False),
    "c_day_country": _windows("revenue-per-day", by_country=True),
    "c_day_all": _windows("total-per-day", by_country=False),
    "c_hop_country": _windows("revenue-hopping", by_country=True),
    "c_hop_all": _windows("total-hopping", by_country=False),
    "revenue_final": Answer(
        "online-retail", "revenue", "topic", "revenue-final", "window.start,value.rows,value.pence"
    ),
    "sessions": _retail("sessions", "sessions", "key,window.start,window.end,value.rows,value.pence"),
    "returns": Answer("online-retail", "returns", "topic", "returns", "value.left_row,value.right_row"),
    "countries": Answer("online-retail", "countries", "topic", "countries", "value.row,value.country,value.prior"),
    "stock": _retail(
        "stock",
        "stock",
        "key,value.events,value.purchased,value.cancelled,value.adjusted,value.net_quantity,value.net_pence",
    ),
    "invoices": _retail(
        "invoices", "invoices", "key,value.rows,value.net_quantity,value.net_pence,value.first,value.last"
    ),
}

NAB = {
    "h_machine_edges": Answer(
        "nab",
        "telemetry",
        "topic",
        "temperature-edges",
        "value.row,value.ts_ms,value.from,value.to,value.value_text",
    ),
    "h_machine_sustained": Answer(
        "nab", "telemetry", "topic", "temperature-sustained", "value.row,value.ts_ms,value.side"
    ),
    "h_machine_z": Answer("nab", "telemetry", "topic", "temperature-z", "value.row,value.ts_ms,value.sign"),
    "h_machine_ooo": Answer("nab", "telemetry", "topic", "temperature-out-of-order", "value.row"),
    "h_machine_hour": Answer(
        "nab",
        "telemetry",
        "table",
        "temperature-hourly",
        "window.start,value.rows,value.min_nano,value.max_nano,value.sum_nano",
    ),
}

NASA = {
    "i_sessions": Answer("nasa-http", "web-sessions", "table", "web-sessions", _VISIT),
    "i_top10": Answer("nasa-http", "web-sessions", "table", "web-sessions", _VISIT, rank=_by_requests, most=10),
    "i_status_10min": Answer(
        "nasa-http", "web-sessions", "table", "status-per-10min", "key,window.start,value.requests"
    ),
    "i_burst_1min": Answer(
        "nasa-http", "web-sessions", "table", "requests-per-minute", "key,window.start,value.requests", only=_is_burst
    ),
    "i_path_totals": Answer(
        "nasa-http",
        "web-sessions",
        "table",
        "path-totals",
        "key,value.requests,value.bytes,value.responses_404",
        separator="\t",
    ),
}

ANSWERS = {**RETAIL, **NAB, **NASA}
