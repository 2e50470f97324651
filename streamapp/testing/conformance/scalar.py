"""How the keys and values of cases are written: text, integers, reals and windowed keys.

A tag byte, then what Kafka's own serialiser would write, so that the bytes of keys are in Kafka's order. Knows
nothing of topics or stores.
"""

from __future__ import annotations

import struct
from typing import Any

from streamapp.dsl.format import Codec
from streamapp.dsl.windows import Windowed

_INTEGER = struct.Struct(">cq")
_REAL = struct.Struct(">cd")
_BOUNDS = struct.Struct(">qq")


def encode(value: Any) -> bytes:
    """The bytes of a scalar; raises `TypeError` for anything else."""
    if isinstance(value, str):
        return b"s" + value.encode()
    if isinstance(value, int) and not isinstance(value, bool):
        return _INTEGER.pack(b"l", value)
    if isinstance(value, float):
        return _REAL.pack(b"d", value)
    if isinstance(value, Windowed):
        return b"w" + encode(value.key) + _BOUNDS.pack(value.start, value.end)
    raise TypeError(f"{value!r} is no scalar: cases hold text, integers, reals and windowed keys")


def decode(data: bytes) -> Any:
    """The scalar that `encode` has written."""
    tag = data[:1]
    if tag == b"s":
        return data[1:].decode()
    if tag == b"l":
        return _INTEGER.unpack(data)[1]
    if tag == b"d":
        return _REAL.unpack(data)[1]
    if tag == b"w":
        return Windowed(decode(data[1 : -_BOUNDS.size]), *_BOUNDS.unpack(data[-_BOUNDS.size :]))
    raise ValueError(f"{data!r} is not a scalar of a case")


class ScalarFormat:
    """The format of all topics and stores of a case."""

    name = "scalar"

    def __repr__(self) -> str:
        return self.name

    def codec(self, type_: Any) -> Codec[Any]:
        """The one codec there is."""
        return _CODEC


_CODEC: Codec[Any] = Codec(encode=encode, decode=decode, immutable=True)

scalar = ScalarFormat()


def codec_for(type_: Any, format_: Any = None) -> Codec[Any]:
    """The codec of anything in a case."""
    return _CODEC
