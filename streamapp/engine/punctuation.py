"""Punctuations: what processors want to be called for when time has passed.

A punctuation is due at multiples of its interval from where it began: by stream time from 0, so the first record
brings the first call; by the wall clock from when it was scheduled. It is called once however many intervals have
passed, and the next time is on the same grid (PunctuationSchedule, PunctuationQueue). When it is due next is a
clock, so that it comes back after a restart. Knows nothing of processors or records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from streamapp.dsl.processor import TimeKind
from streamapp.engine.store import MISSING, Undo

BEFORE_ALL = -1
"""What a clock shows before the first record."""


class Schedule:
    """One punctuation; `clock` is the name under which its next time is kept, `where` the author's function."""

    __slots__ = ("_owner", "call", "clock", "first", "interval", "kind", "where")

    def __init__(
        self,
        owner: Punctuations,
        kind: TimeKind,
        clock: str,
        interval: int,
        first: int,
        call: Callable[[int], object],
        where: str,
    ) -> None:
        self._owner = owner
        self.kind, self.clock, self.interval, self.first = kind, clock, interval, first
        self.call, self.where = call, where

    def cancel(self) -> None:
        """Ends it; does nothing the second time."""
        self._owner.remove(self)


class Punctuations:
    """The punctuations of a task; `times` are the task's clocks, `journal` what undoes a record."""

    def __init__(self, times: dict[str, int], journal: Undo) -> None:
        self._times, self._journal = times, journal
        self._schedules: dict[str, Schedule] = {}
        self.saved: dict[str, int] = {}
        """What clocks showed before a restart that nobody has declared yet."""

    def add(
        self, kind: TimeKind, processor: str, interval: int, first: int, call: Callable[[int], object], where: str
    ) -> Schedule:
        """Schedules a call; a processor that schedules the same ones in the same order finds their times again."""
        clock = self._free_clock(kind, processor)
        schedule = Schedule(self, kind, clock, interval, first, call, where)
        self._set(self._schedules, clock, schedule)
        self._set(self._times, clock, self.saved.pop(clock, first))
        return schedule

    def remove(self, schedule: Schedule) -> None:
        """Ends a punctuation and forgets its clock."""
        clock = schedule.clock
        if self._schedules.get(clock) is schedule:
            self._journal.append((self._schedules, clock, self._schedules.pop(clock)))
            self._journal.append((self._times, clock, self._times.pop(clock)))

    def next_at(self, kind: TimeKind) -> int | None:
        """The earliest time (ms) at which a punctuation of that kind is due; None when there is none."""
        return min((self._due_at(schedule) for schedule in self._of(kind)), default=None)

    def due(self, kind: TimeKind, now: int) -> Iterator[Schedule]:
        """The punctuations that are due at `now` (ms), the longest due first; each is then due later.

        Those that come into being meanwhile are among them.
        """
        while True:
            due = [one for one in self._of(kind) if self._due_at(one) <= now]
            if not due:
                return
            schedule = min(due, key=self._due_at)
            at, interval = self._due_at(schedule), schedule.interval
            self._set(self._times, schedule.clock, at + ((now - at) // interval + 1) * interval)
            yield schedule

    def __contains__(self, kind: TimeKind) -> bool:
        return any(True for _ in self._of(kind))

    def _of(self, kind: TimeKind) -> Iterator[Schedule]:
        return (schedule for schedule in self._schedules.values() if schedule.kind == kind)

    def _due_at(self, schedule: Schedule) -> int:
        at = self._times[schedule.clock]
        return schedule.first if at == BEFORE_ALL else at

    def _set(self, container: dict[str, Any], clock: str, value: Any) -> None:
        self._journal.append((container, clock, container.get(clock, MISSING)))
        container[clock] = value

    def _free_clock(self, kind: TimeKind, processor: str) -> str:
        number = 0
        while (clock := f"{processor}:{kind}:{number}") in self._schedules:
            number += 1
        return clock
