"""Keys and values as people and other programs see them: in terms of JSON, and as text.

Knows nothing of tables or pages.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson


def plain(value: Any) -> Any:
    """A decoded key or value, or bytes, in terms of JSON; bytes that are not UTF-8 as `{"base64": …}`."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    return msgspec.to_builtins(value, str_keys=True, enc_hook=str)


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a table in terms of JSON: `{"key", "window": {"start", "end"} | null, "value", "timestamp"}`."""
    return {
        "key": plain(row["key"]),
        "window": row["window"],
        "value": plain(row["value"]),
        "timestamp": row["timestamp"],
    }


def text(value: Any) -> str:
    """What `plain` gives as one reads it: text without quotes, the rest as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
