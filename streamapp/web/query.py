"""What a reader asks of a table: the query string as a value, checked name by name.

Knows nothing of how rows are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from streamapp.web.problem import Problem
from streamapp.web.status import TableStatus

NAMES = ("key", "prefix", "start_key", "end_key", "from", "to", "as_of", "limit", "cursor")
DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

_END = 2**63
"""No time in Kafka is so late: it has 64 bits with a sign, in ms."""


@dataclass(frozen=True, slots=True)
class Query:
    """The rows wanted; times in ms since the epoch, `from_ms` included, `to_ms` not."""

    key: str | None = None
    prefix: str | None = None
    start_key: str | None = None
    end_key: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    as_of: int | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """As `Application.read` takes them."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @property
    def filtered(self) -> bool:
        """Whether it asks for some rows only."""
        return any(self.arguments[name] is not None for name in self.arguments if name not in ("limit", "cursor"))


def parse(given: Mapping[str, str], table: TableStatus, *, also: tuple[str, ...] = ()) -> Query:
    """Reads a query string; an empty value counts as not given.

    `also` names parameters that are read elsewhere. Raises `Problem` (400) naming what is wrong and what
    would do.
    """
    for name in given:
        if name not in NAMES and name not in also:
            raise Problem(400, f"there is no query parameter {name!r}: use {', '.join(NAMES)}")
    values = {name: given[name] for name in NAMES if given.get(name)}
    _check_keys(values)
    query = Query(
        key=values.get("key"),
        prefix=values.get("prefix"),
        start_key=values.get("start_key"),
        end_key=values.get("end_key"),
        from_ms=_time("from", values.get("from")),
        to_ms=_time("to", values.get("to")),
        as_of=_time("as_of", values.get("as_of")),
        limit=_limit(values.get("limit")),
        cursor=values.get("cursor"),
    )
    _check_times(query, table)
    return query


def _check_keys(values: Mapping[str, str]) -> None:
    ranged = [name for name in ("start_key", "end_key") if name in values]
    ways = [name for name in ("key", "prefix", *ranged[:1]) if name in values]
    if len(ways) > 1:
        raise Problem(400, f"{' and '.join(ways)} are given together: use one of them")


def _check_times(query: Query, table: TableStatus) -> None:
    if not table.versioned and query.as_of is not None:
        raise Problem(
            400,
            f"table {table.name!r} keeps no history: leave out as_of, or make the table with "
            f"table(TOPIC, {table.name!r}, history=ms)",
        )
    if not table.windowed and (query.from_ms is not None or query.to_ms is not None):
        raise Problem(400, f"table {table.name!r} has no windows: leave out from and to")
    if query.from_ms is not None and query.to_ms is not None and query.from_ms >= query.to_ms:
        raise Problem(400, f"from ({query.from_ms}) is not before to ({query.to_ms})")


def _time(name: str, text: str | None) -> int | None:
    """Milliseconds since the epoch, or an ISO 8601 time; one without a zone is UTC."""
    if text is None:
        return None
    try:
        time = int(text) if text.lstrip("-").isdecimal() else _iso(text)
    except (ValueError, OverflowError):
        time = _END
    if abs(time) >= _END:
        raise Problem(400, f"{name} is {text!r}: give milliseconds since 1970, or a time such as 2010-12-01T08:00:00Z")
    return time


def _iso(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    limit = int(text) if text.isdecimal() and len(text) <= len(str(MAX_LIMIT)) else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise Problem(400, f"limit is {text!r}: give a number from 1 to {MAX_LIMIT}")
    return limit
