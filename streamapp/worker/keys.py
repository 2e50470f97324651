"""From the text of a key, as pages and commands show it, back to the key.

Knows nothing of tables or of how rows are found.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import orjson

from streamapp.dsl.format import Codec
from streamapp.worker.shown import plain, text

_TAGS = (b"\x00", b"\x01")
"""What stands before a key of no known type that is not text (`streamapp.formats.dynamic`)."""


def keys_reading(wanted: str, codec: Codec[Any]) -> list[Any]:
    """The keys whose text is `wanted`; none when there is no such key or its format cannot be written from text."""
    found: dict[bytes, Any] = {}
    for data in _spellings(wanted):
        try:
            key = codec.decode(data)
            if text(plain(key)) == wanted:
                found[codec.encode(key)] = key
        except Exception:  # noqa: BLE001, S112 - a codec raises what it likes for bytes of another type
            continue
    return list(found.values())


def _spellings(wanted: str) -> Iterator[bytes]:
    """The bytes that may read so: as they are, as JSON text, tagged, and bytes that are no text."""
    data = wanted.encode(errors="replace")
    yield data
    yield orjson.dumps(data.decode())
    yield from (tag + data for tag in _TAGS)
    if wanted.startswith('{"base64":'):
        yield base64.b64decode(orjson.loads(wanted)["base64"])


def are_text(codec: Codec[Any]) -> bool:
    """Whether a key's bytes are its text, so that keys that begin alike lie side by side."""
    try:
        return bool(codec.decode(b"\x00") == "\x00")
    except Exception:  # noqa: BLE001 - as above
        return False
