"""What the pages need of the worker, as protocols; `streamapp.worker` implements them.

Knows nothing of how topologies are run, and imports nothing that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

State = Literal["starting", "restoring", "running", "failed", "stopped"]

TaskId = tuple[int, int]
"""Sub-topology and partition."""

Row = Mapping[str, Any]
"""`{"key", "window": {"start", "end"} | None, "value", "timestamp"}`, times in ms; key and value as decoded."""


class TableSpec(Protocol):
    """A table of a plan: as `streamapp.engine.specs.TableSpec`."""

    @property
    def name(self) -> str: ...  # noqa: D102 - as in `streamapp.engine.specs`
    @property
    def kind(self) -> str: ...  # noqa: D102 - as above
    @property
    def store(self) -> Any: ...  # noqa: D102 - as above
    @property
    def windows(self) -> Any: ...  # noqa: D102 - as above
    @property
    def windowed(self) -> bool: ...  # noqa: D102 - as above
    @property
    def by_time(self) -> bool: ...  # noqa: D102 - as above
    @property
    def retention(self) -> int | None: ...  # noqa: D102 - as above


class Plan(Protocol):
    """A compiled topology; sub-topologies are read by `streamapp.web.graph`."""

    @property
    def topology(self) -> Any:
        """The author's topology: has a `name` and `ends`."""
        ...

    @property
    def subtopologies(self) -> Sequence[Any]:
        """As `streamapp.engine.specs.SubTopology`."""
        ...

    @property
    def tables(self) -> Sequence[TableSpec]:
        """What can be looked at of its state."""
        ...

    @property
    def stores(self) -> Sequence[Any]:
        """The stores of all sub-topologies, hidden ones too."""
        ...


class Task(Protocol):
    """One sub-topology on one partition, run by this process."""

    @property
    def name(self) -> str:
        """`0_3`: sub-topology 0, partition 3."""
        ...

    @property
    def positions(self) -> Mapping[tuple[str, int], int]:
        """The next offset to process, by source topic and partition."""
        ...

    @property
    def lag(self) -> int:
        """Offsets between the positions and the ends of the source partitions."""
        ...

    @property
    def late(self) -> int:
        """Records that came too late for their window since the topology first ran, in whatever process."""
        ...


class Progress(Protocol):
    """How far a store is that is being restored; offsets of one partition of its log."""

    @property
    def task(self) -> str:
        """As `Task.name`."""
        ...

    @property
    def store(self) -> str:
        """Its name."""
        ...

    @property
    def records(self) -> int:
        """Records read so far."""
        ...

    @property
    def left(self) -> int:
        """Offsets to be read."""
        ...

    @property
    def rate(self) -> float:
        """Records per second, lately."""
        ...

    @property
    def seconds_left(self) -> float | None:
        """By the speed of late; None before there is one."""
        ...


class Page(Protocol):
    """Some rows of a table and where the next ones begin."""

    @property
    def items(self) -> Sequence[Row]:
        """Rows, newest window first in a table with windows."""
        ...

    @property
    def next(self) -> str | None:
        """The cursor of the rows that follow; None: these are the last."""
        ...

    @property
    def incomplete(self) -> Sequence[str]:
        """The tasks or workers whose rows are missing because another process has them."""
        ...


class Application(Protocol):
    """A topology as it runs in this process."""

    @property
    def group(self) -> str:
        """Its consumer group."""
        ...

    @property
    def state(self) -> State:
        """What it does now."""
        ...

    @property
    def error(self) -> Exception | None:
        """Why it failed."""
        ...

    @property
    def tasks(self) -> Mapping[TaskId, Task]:
        """The tasks this process runs, without those whose stores are being restored."""
        ...

    @property
    def restores(self) -> Sequence[Progress]:
        """The stores that are being restored."""
        ...

    @property
    def standbys(self) -> Sequence[Progress]:
        """The stores of other workers' tasks that are followed here."""
        ...

    def metrics(self) -> Mapping[str, float]:
        """Counters since the process began, by the names in `streamapp.web.counters`."""
        ...

    def version(self, table: str) -> object:
        """Equal as long as the table's rows are the same here: another value after each commit that changed them."""
        ...

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
    ) -> Page:
        """Committed rows, never what a task has done since: it may still be undone.

        Of the key that reads `key`, of keys whose text begins with `prefix`, of keys from `start_key` to `end_key`
        in the order of their bytes, of windows that start at or after `from_ms` and before `to_ms`; as they were at
        `as_of`. Looks at a bounded number of rows: a page may be short, even empty, though `next` says that more
        follow. Raises `UsageError` for a cursor it did not give, and for bounds that are no keys.
        """
        ...


class Runtime(Protocol):
    """All topologies of this process."""

    @property
    def plans(self) -> Mapping[str, Plan]:
        """Every topology of this process by name, from the start."""
        ...

    @property
    def applications(self) -> Mapping[str, Application]:
        """The same, once the cluster has answered; before that it is empty."""
        ...
