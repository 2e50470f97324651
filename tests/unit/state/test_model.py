"""Random histories of a store, compared with a plain dict."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streamapp.state import Query
from tests.unit.state.stores import Stores, Where, key_value, windows

KEYS = st.sampled_from(["", "a", "aa", "ab", "b", "z", "é", "\x00", "\U0001f600"])
STARTS = st.integers(0, 12).map(lambda number: number * 10)
VALUES = st.one_of(st.none(), st.integers(-3, 3))
Rows = dict[Any, tuple[int, int]]


class History(RuleBasedStateMachine):
    """Two stores of one task, and dicts of what they should hold: now, at the last commit, before the last record."""

    where: ClassVar[Where]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.stores = Stores(self.where, self.folder / "app" / "0_0", key_value(), windows())
        self.horizon = self.committed_horizon = 0
        self.totals: Rows = {}
        self.minutes: Rows = {}
        self.committed: tuple[Rows, Rows] = ({}, {})
        self.before: tuple[Rows, Rows] = ({}, {})
        self.clock = 0

    @rule(key=KEYS, value=VALUES)
    def put(self, key: str, value: int | None) -> None:
        """Sets or deletes a key."""
        self.clock += 1
        self.stores["totals"].put(key, value, self.clock)
        _set(self.totals, key, value, self.clock)

    @rule(key=KEYS, start=STARTS, value=VALUES)
    def put_window(self, key: str, start: int, value: int | None) -> None:
        """Sets or deletes a window."""
        self.clock += 1
        self.stores["per-minute"].put(key, start, value, self.clock)
        if start >= self.horizon:
            _set(self.minutes, (key, start), value, self.clock)

    @rule(before=STARTS)
    def expire(self, before: int) -> None:
        """Moves the horizon, as a task does before it commits."""
        self.stores["per-minute"].expire(before)
        self.horizon = max(self.horizon, before)
        self.minutes = {at: row for at, row in self.minutes.items() if at[1] >= self.horizon}
        self.keep()

    @rule()
    def keep(self) -> None:
        """A record has been processed."""
        self.stores.keep()
        self.before = (dict(self.totals), dict(self.minutes))

    @rule()
    def undo(self) -> None:
        """A record has failed."""
        self.stores.undo()
        self.totals, self.minutes = dict(self.before[0]), dict(self.before[1])

    @rule()
    def commit(self) -> None:
        """All of it is final."""
        self.stores.commit()
        self.committed = (dict(self.totals), dict(self.minutes))
        self.committed_horizon = self.horizon
        self.keep()

    @rule()
    def rollback(self) -> None:
        """Back to the last commit."""
        self.stores.state.rollback()
        self.stores.keep()
        self._back()

    @rule()
    def reopen(self) -> None:
        """Back to the last commit, with nothing left in memory; the horizon is set anew by the next expiry."""
        self.stores.reopen()
        self.committed_horizon = 0
        self._back()

    def _back(self) -> None:
        self.totals, self.minutes = dict(self.committed[0]), dict(self.committed[1])
        self.horizon = self.committed_horizon
        self.before = (dict(self.totals), dict(self.minutes))

    @rule(key=KEYS, start=STARTS)
    def look_up(self, key: str, start: int) -> None:
        """One row, with both ways of looking."""
        for find in (self.stores["totals"].peek, self.stores["totals"].get):
            assert find(key) == self.totals.get(key)
        for find in (self.stores["per-minute"].peek, self.stores["per-minute"].get):
            assert find(key, start) == self.minutes.get((key, start))

    @rule(key=KEYS, first=STARTS, last=STARTS)
    def fetch(self, key: str, first: int, last: int) -> None:
        """The windows of one key."""
        expected = [(at, *row) for (k, at), row in sorted(self.minutes.items()) if k == key and first <= at <= last]
        assert list(self.stores["per-minute"].fetch(key, first, last)) == expected

    @rule(first=KEYS, last=KEYS)
    def range(self, first: str, last: str) -> None:
        """Keys between two keys."""
        expected = [(key, *row) for key, row in _sorted(self.totals) if first.encode() <= key.encode() <= last.encode()]
        assert list(self.stores["totals"].range(first, last)) == expected

    @rule(first=STARTS, last=STARTS, newest=st.booleans(), limit=st.integers(0, 5))
    def scan(self, first: int, last: int, *, newest: bool, limit: int) -> None:
        """Windows between two times, in both directions."""
        query = Query(from_ms=first, to_ms=last, newest_first=newest, limit=limit)
        found = [(row.key, row.start) for row in self.stores.state.scan("per-minute", query)]
        expected = sorted(self.minutes, key=lambda at: (at[1], at[0].encode()), reverse=newest)
        assert found == [at for at in expected if first <= at[1] < last][:limit]

    @invariant()
    def holds_the_same_rows(self) -> None:
        """All rows, in order."""
        assert list(self.stores["totals"].range()) == [(key, *row) for key, row in _sorted(self.totals)]
        found = {(row.key, row.start): (row.value, row.timestamp) for row in self.stores.state.scan("per-minute")}
        assert found == self.minutes

    @invariant()
    def shows_readers_the_last_commit(self) -> None:
        """And nothing of what came after."""
        readers = self.stores.state.committed
        totals = {row.key: (row.value, row.timestamp) for row in readers["totals"].scan(Query())}
        minutes = {(row.key, row.start): (row.value, row.timestamp) for row in readers["per-minute"].scan(Query())}
        assert (totals, minutes) == self.committed

    @invariant()
    @precondition(lambda self: self.stores.commits)
    def keeps_the_log_true(self) -> None:
        """The last words in the log are the committed rows."""
        last = {row[2]: (row[1], row[3]) for row in self.stores.logs["totals"]}
        rows = {key: (time, value) for key, (time, value) in last.items() if value is not None}
        assert rows == {key.encode(): (time, str(value).encode()) for key, (value, time) in self.committed[0].items()}

    def teardown(self) -> None:
        """Removes the folder."""
        self.stores.state.close()
        shutil.rmtree(self.folder)


def _set(rows: Rows, key: Any, value: int | None, timestamp: int) -> None:
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = (value, timestamp)


def _sorted(rows: Rows) -> list[tuple[str, tuple[int, int]]]:
    return sorted(rows.items(), key=lambda item: item[0].encode())


class HistoryInMemory(History):
    """With nothing but the log to come back from."""

    where = "memory"


class HistoryOnDisk(History):
    """With a folder to come back from."""

    where = "rocksdb"


TestInMemory = HistoryInMemory.TestCase
TestInMemory.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestOnDisk = HistoryOnDisk.TestCase
TestOnDisk.settings = settings(
    max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
