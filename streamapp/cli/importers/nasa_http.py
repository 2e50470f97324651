"""The log of NASA's web server as events: one per request.

Turns lines of text into keys, values and timestamps. Knows nothing of topics or files' compression.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from streamapp.cli.importers.events import Event, problem_of, rows_of, whole_number
from streamapp.errors import UsageError

COLUMNS = ("time", "host", "method", "url", "status", "bytes")


class WebRequest(msgspec.Struct, frozen=True):
    """The value of an event."""

    row: int
    host: str
    method: str
    url: str
    status: int
    bytes: int


def events(lines: Iterable[str], name: str) -> Iterator[Event]:
    """The requests of a file, in its order, with the host as key.

    Raises `UsageError` naming file, line, column and value where the file is not what it should be.
    """
    encode = msgspec.json.Encoder().encode
    for row, (line, fields) in enumerate(rows_of(lines, name, COLUMNS)):
        try:
            seconds, host, method, url, status, size = fields
            value = WebRequest(row, host, method, url, int(status), int(size))
            time = int(seconds) * 1000
        except ValueError:
            raise UsageError(f"{name}, line {line}: {problem_of(fields, COLUMNS, _READERS)}") from None
        yield time, host.encode(), encode(value)


_READERS = {"time": whole_number, "status": whole_number, "bytes": whole_number}
