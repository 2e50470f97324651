"""What a reader asks of a table in words, as what the table's rows are asked and as what is kept of them.

Knows nothing of tasks or of where rows are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamapp.engine.specs import TableSpec
from streamapp.errors import UsageError
from streamapp.state.query import Query
from streamapp.state.table_rows import TableRow
from streamapp.worker.keys import are_text, keys_reading
from streamapp.worker.shown import plain, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The rows wanted: all that is given restricts them; times in ms."""

    key: str | None = None
    """Of this key: its text, or its JSON."""
    prefix: str | None = None
    """Of keys whose text begins with it."""
    start_key: str | None = None
    """Of this key and those behind it, in the order of the encoded keys."""
    end_key: str | None = None
    """Of this key and those before it."""
    from_ms: int | None = None
    """Of windows that start then or later."""
    to_ms: int | None = None
    """Of windows that start before."""
    as_of: int | None = None
    """As they were at this time, of a table with a history."""

    def keys(self, table: TableSpec) -> list[Any]:
        """The keys that `key` may stand for; none when it cannot be read as one, or none is given."""
        return [] if self.key is None else keys_reading(self.key, table.key)

    def query(self, table: TableSpec) -> Query:
        """What the rows are asked, which may give more than is wanted; raises `UsageError` for what is no key.

        A prefix is asked for only where keys that begin alike lie side by side: elsewhere it would be a hidden scan.
        """
        begins_alike = table.store.kind == "key-value" and not table.windowed and are_text(table.key)
        return Query(
            prefix=self.prefix if begins_alike else None,
            first=None if table.windowed else self._bound("start_key", table),
            last=None if table.windowed else self._bound("end_key", table),
            from_ms=self.from_ms,
            to_ms=self.to_ms,
            as_of=self.as_of,
            newest_first=table.by_time,
        )

    def wanted(self, table: TableSpec) -> Callable[[TableRow], bool]:
        """Tells whether a row is one of those asked for; raises `UsageError` for bounds that are no keys."""
        tests = [*self._key_tests(), *self._bound_tests(table), *self._time_tests()]
        return lambda row: all(test(row) for test in tests)

    def _key_tests(self) -> list[Callable[[TableRow], bool]]:
        if self.key is not None:
            return [lambda row: text(plain(row.key)) == self.key]
        prefix = self.prefix
        return [lambda row: text(plain(row.key)).startswith(prefix)] if prefix else []

    def _bound_tests(self, table: TableSpec) -> list[Callable[[TableRow], bool]]:
        encode = table.key.encode
        start, end = (self._bound(name, table) for name in ("start_key", "end_key"))
        low, high = b"" if start is None else encode(start), None if end is None else encode(end)
        if high is not None and high < low:
            raise UsageError(
                f"start_key {self.start_key!r} is behind end_key {self.end_key!r}, in the order of the encoded keys of "
                f"table {table.name!r}: exchange them"
            )
        if start is None and high is None:
            return []
        return [lambda row: low <= (found := encode(row.key)) and (high is None or found <= high)]

    def _bound(self, name: str, table: TableSpec) -> Any:
        wanted = getattr(self, name)
        if wanted is None:
            return None
        for key in keys_reading(wanted, table.key):
            return key
        raise UsageError(f"{name} {wanted!r} is not a key of table {table.name!r}: write it as its rows show it")

    def _time_tests(self) -> list[Callable[[TableRow], bool]]:
        first, behind = self.from_ms, self.to_ms
        tests: list[Callable[[TableRow], bool]] = []
        if first is not None:
            tests.append(lambda row: row.start is not None and row.start >= first)
        if behind is not None:
            tests.append(lambda row: row.start is not None and row.start < behind)
        return tests
