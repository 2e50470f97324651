"""Until when a table's changes are held back, as frozen values.

All times are integers in milliseconds. Knows nothing of tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from streamapp.errors import TopologyError

WhenFull: TypeAlias = Literal["emit_early", "shut_down"]


@dataclass(frozen=True, slots=True)
class UntilWindowCloses:
    """Holds back the changes of each window until it has closed: one result for each, its last.

    More than `max_records` held back stop the topology: a window's result must not come early.
    """

    max_records: int | None = None

    def __post_init__(self) -> None:
        _check_records(self.max_records)


@dataclass(frozen=True, slots=True)
class UntilTimeLimit:
    """Holds back each key's changes for `limit` ms of stream time from the first, then passes on the last.

    When more than `max_records` keys are held back, `emit_early` passes on the oldest, `shut_down` stops the
    topology.
    """

    limit: int
    max_records: int | None = None
    when_full: WhenFull = "emit_early"

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise TopologyError(f"suppress limit is {self.limit} ms: give 0 or more")
        if self.when_full not in ("emit_early", "shut_down"):
            raise TopologyError(f"suppress when_full={self.when_full!r}: give 'emit_early' or 'shut_down'")
        _check_records(self.max_records)


Until: TypeAlias = UntilWindowCloses | UntilTimeLimit


def _check_records(max_records: int | None) -> None:
    if max_records is not None and max_records < 0:
        raise TopologyError(f"suppress max_records={max_records}: give 0 or more, or leave it out for no bound")


def until_window_closes(*, max_records: int | None = None) -> UntilWindowCloses:
    """Until a window takes no more records; more than `max_records` windows held back stop the topology."""
    return UntilWindowCloses(max_records)


def until_time_limit(
    limit: int, *, max_records: int | None = None, when_full: WhenFull = "emit_early"
) -> UntilTimeLimit:
    """Until `limit` ms of stream time after a key's first change that is held back, or until the buffer is full."""
    return UntilTimeLimit(limit, max_records, when_full)
