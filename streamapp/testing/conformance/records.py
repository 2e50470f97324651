"""Records of a case as bytes, and what came out in the form of `expected`. Knows nothing of how cases run."""

from __future__ import annotations

from typing import Any

from streamapp.dsl.windows import Windowed
from streamapp.testing.conformance.cases import Record
from streamapp.testing.conformance.scalar import decode, encode


def encoded(value: Any) -> bytes | None:
    """The bytes of a key or value; raises `TypeError` for what no case holds."""
    return None if value is None else encode(value)


def record(after: int, node: str | None, key: bytes | None, value: bytes | None, timestamp: int) -> Record:
    """A record that came out; `after` is the input that caused it, `node` None where there is only one output."""
    named = {} if node is None else {"node": node}
    return {"after": after, **named, "key": _plain(key), "value": _plain(value), "ts": timestamp}


def _plain(data: bytes | None) -> Any:
    return None if data is None else _shown(decode(data))


def _shown(value: Any) -> Any:
    if isinstance(value, Windowed):
        return {"key": _shown(value.key), "start": value.start, "end": value.end}
    return value
