"""A runtime in memory: real plans of real topologies, rows and counters that a test sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from streamapp import HOUR, Topic, Topology, stream, table, tumbling
from streamapp.engine.plan import plan
from streamapp.engine.specs import Plan
from streamapp.errors import UsageError
from streamapp.formats import codec_for
from streamapp.web.runtime import Row, State, TaskId


class Sale(msgspec.Struct, frozen=True):
    """What the topologies read."""

    country: str
    pence: int


class Revenue(msgspec.Struct, frozen=True):
    """What a window holds."""

    rows: int = 0
    pence: int = 0


def is_large(sale: Sale) -> bool:
    """Worth keeping."""
    return sale.pence > 100


def add(revenue: Revenue, sale: Sale) -> Revenue:
    """One more sale."""
    return Revenue(revenue.rows + 1, revenue.pence + sale.pence)


SALES = Topic("sales", key=str, value=Sale)
users = table(Topic("users", key=str, value=str), "users")
enriched = stream(SALES).left_join(users, lambda sale, user: f"{user}: {sale.pence}" if sale else None)
revenue = (
    stream(SALES)
    .filter(is_large)
    .group_by(lambda sale: sale.country, "by-country")
    .windowed_by(tumbling(HOUR, grace=HOUR))
    .aggregate(Revenue, add, "revenue-per-hour", retention=800 * 24 * HOUR)
)
TOPOLOGIES = (
    Topology("revenue", revenue),
    Topology("enrichment", enriched.to(Topic("enriched", key=str, value=str))),
)


@dataclass
class MemoryPage:
    """Rows, the next cursor, and what is missing."""

    items: Sequence[Row]
    next: str | None
    incomplete: Sequence[str] = ()


@dataclass
class MemoryTask:
    """A task with a position."""

    name: str
    positions: Mapping[tuple[str, int], int]
    lag: int = 0
    late: int = 0


@dataclass
class MemoryRestore:
    """A store that is being restored."""

    task: str
    store: str
    records: int
    left: int
    rate: float
    seconds_left: float | None


@dataclass
class MemoryApplication:
    """Rows are listed in the order they are read: newest window first."""

    group: str
    state: State = "running"
    error: Exception | None = None
    tasks: Mapping[TaskId, MemoryTask] = field(default_factory=dict)
    restores: Sequence[MemoryRestore] = ()
    standbys: Sequence[MemoryRestore] = ()
    counts: dict[str, float] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    incomplete: Sequence[str] = ()
    at_once: int = 1000
    """Rows one `read` looks at; with few of them pages come short."""

    def metrics(self) -> Mapping[str, float]:
        """The counters."""
        return self.counts

    def version(self, table: str) -> int:
        """How often `put` was called."""
        return self.versions.get(table, 0)

    def put(self, table: str, *rows: dict[str, Any]) -> None:
        """A commit that puts rows on top, in place of those with their key and window."""
        fresh = {(row["key"], str(row["window"])) for row in rows}
        kept = [row for row in self.rows.get(table, []) if (row["key"], str(row["window"])) not in fresh]
        self.rows[table] = [*rows, *kept]
        self.versions[table] = self.version(table) + 1

    def read(
        self,
        table: str,
        *,
        key: str | None = None,
        prefix: str | None = None,
        start_key: str | None = None,
        end_key: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        as_of: int | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> MemoryPage:
        """The rows that match, of a history those as old as `as_of`; a cursor is the place in the list."""
        if cursor is not None and not cursor.isdecimal():
            raise UsageError(f"cursor {cursor!r} is not one that this table gave: begin without it")
        rows, start = self.rows.get(table, []), int(cursor or 0)
        found = [
            (place, row)
            for place, row in enumerate(rows[start : start + self.at_once], start + 1)
            if _matches(row, key, prefix, from_ms, to_ms)
            and (start_key is None or start_key <= str(row["key"]))
            and (end_key is None or str(row["key"]) <= end_key)
            and (as_of is None or row["timestamp"] <= as_of)
        ][:limit]
        after = found[-1][0] if len(found) == limit else start + self.at_once
        return MemoryPage([row for _, row in found], str(after) if after < len(rows) else None, self.incomplete)


def _matches(row: dict[str, Any], key: str | None, prefix: str | None, from_ms: int | None, to_ms: int | None) -> bool:
    start = row["window"]["start"] if row["window"] else 0
    return (
        (key is None or row["key"] == key)
        and (prefix is None or str(row["key"]).startswith(prefix))
        and (from_ms is None or start >= from_ms)
        and (to_ms is None or start < to_ms)
    )


def windowed(key: str, start: int, rows: int, pence: int) -> dict[str, Any]:
    """A row of the table `revenue-per-hour`."""
    window = {"start": start, "end": start + HOUR}
    return {"key": key, "window": window, "value": Revenue(rows, pence), "timestamp": start + 1000}


@dataclass
class MemoryRuntime:
    """Both topologies; `applications` is empty until the test lets the cluster answer."""

    plans: dict[str, Plan] = field(default_factory=lambda: {one.name: plan(one, codec_for) for one in TOPOLOGIES})
    applications: dict[str, MemoryApplication] = field(default_factory=dict)

    def begin(self) -> None:
        """The cluster has answered: both topologies run, with a task or two."""
        self.applications = {
            "revenue": MemoryApplication(
                "streamapp-revenue",
                tasks={
                    (0, 0): MemoryTask("0_0", {("sales", 0): 1200}, 7, 3),
                    (1, 0): MemoryTask("1_0", {("streamapp-revenue-by-country-repartition", 0): 1100}),
                },
                counts={
                    "records_in": 2300,
                    "records_out": 1100,
                    "late": 4,
                    "commits": 20,
                    "commit_seconds": 0.5,
                },
            ),
            "enrichment": MemoryApplication(
                "streamapp-enrichment",
                tasks={(0, 0): MemoryTask("0_0", {("sales", 0): 1200, ("users", 0): 30})},
            ),
        }
