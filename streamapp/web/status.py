"""A topology's condition as a value: what pages show and the API answers.

Knows nothing of HTTP or HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamapp.web.counters import NAMES
from streamapp.web.rates import Rates
from streamapp.web.runtime import Application, Plan, Progress, Runtime, State, TableSpec, Task
from streamapp.web.text import duration, windows_text


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One task: where it is and how far behind."""

    id: str
    positions: tuple[tuple[str, int, int], ...]
    """Topic, partition, next offset."""
    lag: int
    late: int

    def document(self) -> dict[str, Any]:
        """As JSON."""
        names = ("topic", "partition", "position")
        return {
            "id": self.id,
            "lag": self.lag,
            "late": self.late,
            "positions": [dict(zip(names, position, strict=True)) for position in self.positions],
        }


@dataclass(frozen=True, slots=True)
class RestoreStatus:
    """One store that is being restored; `rate` in records per second, `left` in offsets of its log."""

    task: str
    store: str
    records: int
    left: int
    rate: float
    seconds_left: float | None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "task": self.task,
            "store": self.store,
            "records": self.records,
            "left": self.left,
            "rate": round(self.rate, 1),
            "seconds_left": None if self.seconds_left is None else round(self.seconds_left, 1),
        }


@dataclass(frozen=True, slots=True)
class StandbyStatus:
    """One store that is followed, to take its task over; `behind` in offsets of its log."""

    task: str
    store: str
    behind: int

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"task": self.task, "store": self.store, "behind": self.behind}


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One table of a topology; times in ms."""

    name: str
    kind: str
    """`key-value`, `versioned`, `window`, `session` or `global`."""
    windowed: bool
    by_time: bool
    """Its rows come newest first; else by key."""
    versioned: bool
    """Older values are kept too, for `retention`."""
    window_size: int | None
    retention: int | None
    rows: str
    """What its rows are, in a few words."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "window_size": self.window_size,
            "retention": self.retention,
        }


@dataclass(frozen=True, slots=True)
class Status:
    """One topology; `rate` in records per second, `history` the same for each second of the last minute."""

    name: str
    group: str | None
    state: State
    error: str | None
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    tables: tuple[TableStatus, ...]
    tasks: tuple[TaskStatus, ...] = ()
    restores: tuple[RestoreStatus, ...] = ()
    standbys: tuple[StandbyStatus, ...] = ()
    counters: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    rate: float = 0.0
    history: tuple[float, ...] = ()

    @property
    def lag(self) -> int:
        """Of all tasks in this process."""
        return sum(task.lag for task in self.tasks)

    @property
    def commit_ms(self) -> float | None:
        """How long a commit takes on average; None before the first."""
        commits = self.counters["commits"]
        return self.counters["commit_seconds"] * 1000 / commits if commits else None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "group": self.group,
            "state": self.state,
            "error": self.error,
            "lag": self.lag,
            "rate": round(self.rate, 1),
            "commit_ms": None if self.commit_ms is None else round(self.commit_ms, 1),
            "sources": list(self.sources),
            "sinks": list(self.sinks),
            "tables": [table.document() for table in self.tables],
            "tasks": [task.document() for task in self.tasks],
            "restores": [restore.document() for restore in self.restores],
            "standbys": [standby.document() for standby in self.standbys],
            "counters": dict(self.counters),
        }


def statuses(runtime: Runtime, rates: Rates) -> list[Status]:
    """Every topology, in the order they were registered."""
    return [status(runtime, name, rates) for name in runtime.plans]


def status(runtime: Runtime, name: str, rates: Rates) -> Status:
    """The topology called `name`, which must exist."""
    plan = runtime.plans[name]
    application = runtime.applications.get(name)
    sources = _unique(source.topic for sub in plan.subtopologies for source in sub.sources if not source.internal)
    sinks = _unique(sink.topic for sub in plan.subtopologies for sink in sub.sinks if not sink.internal)
    tables = tuple(_table(table) for table in plan.tables)
    if application is None:
        return Status(name, None, "starting", None, sources, sinks, tables)
    return Status(
        name=name,
        group=application.group,
        state=application.state,
        error=None if application.error is None else str(application.error),
        sources=sources,
        sinks=sinks,
        tables=tables,
        tasks=tuple(_task(task) for _, task in sorted(application.tasks.items())),
        restores=tuple(map(_restore, application.restores)),
        standbys=tuple(StandbyStatus(one.task, one.store, one.left) for one in application.standbys),
        counters=counts(application),
        rate=rates.rate(name),
        history=tuple(rates.history(name)),
    )


def counts(application: Application) -> dict[str, float]:
    """Every counter, 0 for one the application does not keep."""
    found = application.metrics()
    return {name: found.get(name, 0) for name in NAMES}


def table_of(plan: Plan, name: str) -> TableStatus | None:
    """The table called `name`, if the topology has it."""
    return next((_table(table) for table in plan.tables if table.name == name), None)


def _table(table: TableSpec) -> TableStatus:
    return TableStatus(
        name=table.name,
        kind=table.kind,
        windowed=table.windowed,
        by_time=table.by_time,
        versioned=table.store.kind == "versioned",
        window_size=table.store.window_size if table.windows is None else getattr(table.windows, "size", None),
        retention=table.retention,
        rows=_rows(table),
    )


def _rows(table: TableSpec) -> str:
    if table.windows is not None:
        return windows_text(table.windows)
    if table.store.window_size is not None:
        return f"{duration(table.store.window_size)} windows"
    if table.windowed:
        return "sessions" if table.kind == "session" else "windows"
    return "last value of each key" + (" of the whole topic" if table.kind == "global" else "")


def _task(task: Task) -> TaskStatus:
    positions = sorted((topic, partition, offset) for (topic, partition), offset in task.positions.items())
    return TaskStatus(task.name, tuple(positions), task.lag, task.late)


def _restore(one: Progress) -> RestoreStatus:
    return RestoreStatus(one.task, one.store, one.records, one.left, one.rate, one.seconds_left)


def _unique(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
