"""Records as JSON lines: what `produce` reads and `consume` prints.

Bytes that are UTF-8 are JSON strings, others `{"base64": …}`, so that what one prints the other writes back
unchanged. Knows nothing of formats: a value is not decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import msgspec
import orjson

from streamapp.errors import UsageError
from streamapp.worker.shown import plain

Headers: TypeAlias = tuple[tuple[str, bytes | None], ...]
Row: TypeAlias = tuple[int, int, bytes | None, bytes | None, Headers]
"""Offset, timestamp (ms), key, value, headers."""

NULL = msgspec.Raw(b"null")


class Binary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes that are no text; msgspec reads and writes them as base64."""

    base64: bytes


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of input. `topic` and `offset` are there so that the output of `consume` can be fed back."""

    key: msgspec.Raw = NULL
    value: msgspec.Raw = NULL
    headers: list[tuple[str, str | Binary | None]] = []
    partition: int | None = None
    timestamp: Annotated[int, msgspec.Meta(ge=0)] | None = None
    topic: str | None = None
    offset: int | None = None

    @property
    def header_bytes(self) -> Headers:
        """The headers as they go to Kafka."""
        return tuple((name, _header_bytes(value)) for name, value in self.headers)


_line = msgspec.json.Decoder(Line)
_text = msgspec.json.Decoder(str)
_binary = msgspec.json.Decoder(Binary)


def read_line(text: bytes, number: int) -> tuple[Line, bytes | None, bytes | None]:
    """A line, its key and its value as bytes; raises `UsageError` naming the line and what is wrong."""
    try:
        line = _line.decode(text)
        return line, _to_bytes(line.key), _to_bytes(line.value)
    except (msgspec.DecodeError, ValueError) as error:
        raise UsageError(f"line {number}: {error}") from None


def _to_bytes(raw: msgspec.Raw) -> bytes | None:
    """A string as UTF-8, `{"base64": …}` as those bytes, null as None, all else as the JSON it is."""
    data = bytes(raw)
    if data == b"null":
        return None
    if data.startswith(b'"'):
        return _text.decode(data).encode()
    if data.startswith(b"{") and b'"base64"' in data:
        try:
            return _binary.decode(data).base64
        except msgspec.ValidationError:
            return data
    return data


def _header_bytes(value: str | Binary | None) -> bytes | None:
    if isinstance(value, Binary):
        return value.base64
    return None if value is None else value.encode()


def json_line(topic: str, partition: int, row: Row, show_key: Callable[[bytes | None], Any] = plain) -> bytes:
    """A record as one line of JSON, with its line end."""
    offset, timestamp, key, value, headers = row
    record = {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp": timestamp,
        "key": show_key(key),
        "value": plain(value),
        "headers": [(name, plain(data)) for name, data in headers],
    }
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
