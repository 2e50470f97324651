"""JSON: msgspec for values of a type, orjson for those of none.

A value of a type is checked when it is decoded, not when it is encoded. Times and `Decimal` are written as
text, bytes as base64. Knows nothing of topics.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import orjson

from streamapp.dsl.format import Codec
from streamapp.dsl.types import plain
from streamapp.formats.shape import is_immutable, shape_of

_encode = msgspec.json.Encoder().encode


class JsonFormat:
    """The default format of all but text and bytes."""

    name = "json"

    def __repr__(self) -> str:
        return self.name

    def codec(self, type_: Any) -> Codec[Any]:
        """The codec of `type_`; any JSON for `dict`, `list` and unknown types.

        Raises `TopologyError` when JSON cannot hold the type. Decoding raises `msgspec.DecodeError`, of which
        a `ValidationError` names the field, or `orjson.JSONDecodeError`, a `ValueError`.
        """
        type_ = plain(type_)
        if type_ in (None, dict, list):
            return Codec(encode=orjson.dumps, decode=orjson.loads)
        shape = shape_of(type_, self.name)
        return Codec(
            encode=_encode_float if type_ is float else _encode,
            decode=msgspec.json.Decoder(type_).decode,
            immutable=is_immutable(shape),
            total=type_ if type_ in (int, bool) else None,
        )


def _encode_float(value: float) -> bytes:
    """Refuses what JSON has no number for; it would be written as null, which is a deletion."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number JSON can hold")
    return _encode(value)


json = JsonFormat()
