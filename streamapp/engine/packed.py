"""Rows of several values as bytes: what a buffer keeps of a record. Each value may be null.

Knows nothing of stores or of what the values mean.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from streamapp.dsl.format import Codec
from streamapp.engine.records import Headers

_LENGTH = Struct(">i")
_INTEGER = Struct(">q")
_NULL = -1
"""The length of a null."""


def packed(*codecs: Codec[Any]) -> Codec[tuple[Any, ...]]:
    """The codec of tuples with one value for each of `codecs`, or None in its place."""
    encoders = tuple(codec.encode for codec in codecs)
    decoders = tuple(codec.decode for codec in codecs)

    def encode(values: tuple[Any, ...]) -> bytes:
        return _join([None if value is None else one(value) for one, value in zip(encoders, values, strict=True)])

    def decode(data: bytes) -> tuple[Any, ...]:
        parts = _split(data)
        return tuple([None if part is None else one(part) for one, part in zip(decoders, parts, strict=True)])

    return Codec(encode=encode, decode=decode, immutable=all(codec.immutable for codec in codecs))


def listed(codec: Codec[Any]) -> Codec[tuple[Any, ...]]:
    """The codec of tuples of any number of values of one kind, each of which may be None."""
    one, back = codec.encode, codec.decode

    def encode(values: tuple[Any, ...]) -> bytes:
        return _join([None if value is None else one(value) for value in values])

    def decode(data: bytes) -> tuple[Any, ...]:
        return tuple([None if part is None else back(part) for part in _split(data)])

    return Codec(encode=encode, decode=decode, immutable=codec.immutable)


def _join(parts: list[bytes | None]) -> bytes:
    pieces: list[bytes] = []
    for part in parts:
        if part is None:
            pieces.append(_LENGTH.pack(_NULL))
        else:
            pieces += (_LENGTH.pack(len(part)), part)
    return b"".join(pieces)


def _split(data: bytes) -> list[bytes | None]:
    parts: list[bytes | None] = []
    at = 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if length == _NULL:
            parts.append(None)
        else:
            parts.append(data[at : at + length])
            at += length
    return parts


def _encode_headers(headers: Headers) -> bytes:
    return _join([part for name, value in headers for part in (name.encode(), value)])


def _decode_headers(data: bytes) -> Headers:
    parts = _split(data)
    names = [name.decode() for name in parts[::2] if name is not None]
    return tuple(zip(names, parts[1::2], strict=True))


HEADERS: Codec[Headers] = Codec(encode=_encode_headers, decode=_decode_headers, immutable=True)
"""The headers of a record."""

INTEGER: Codec[int] = Codec(encode=_INTEGER.pack, decode=lambda data: int(_INTEGER.unpack(data)[0]), immutable=True)
"""A number of 64 bits with a sign."""

NOTHING: Codec[bytes] = Codec(encode=bytes, decode=bytes, immutable=True, total=bytes)
"""`b""`, for rows that say all in their key."""
