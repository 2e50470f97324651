"""Composite keys as bytes that sort as their parts do: times as numbers, keys as their own bytes.

A buffer asks for rows by time, or for those of one key by time; so its store's key is several parts in the order
of access, and `KeyValueStore.range` walks them. A range may be asked for with the first parts alone:
`range((low,), (high + 1,))` gives all rows whose first part is a time from `low` to `high`, and
`range((key, low), (key, LAST_TIME))` those of one key from `low` on. Knows nothing of stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any

from streamapp.dsl.format import Codec

LAST_TIME = 2**63 - 1
"""No time is later."""

_NUMBER = Struct(">Q")
_TWO_NUMBERS = Struct(">QQ")
_ZERO = 2**63
"""Added to a number, so that negative ones sort before the others."""

_ESCAPED, _END = b"\0\xff", b"\0\0"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a composite key."""

    encode: Callable[[Any], bytes]
    split: Callable[[bytes, int], tuple[Any, int]]
    """The part's value that begins at an index of the key, and the index behind it."""


def ordered(*parts: Part) -> Codec[tuple[Any, ...]]:
    """The codec of tuples of `parts`, sorted by the first, then the second, and so on.

    A shorter tuple can be encoded, not decoded: it sorts before all that begin with its parts, and after all
    that begin with less.
    """
    encoders = tuple(part.encode for part in parts)
    splits = tuple(part.split for part in parts)
    count, encode_all, first = len(parts), _encoder(parts), encoders[0]

    def encode(values: tuple[Any, ...]) -> bytes:
        if len(values) == count:
            return encode_all(values)
        if len(values) == 1:  # what begins the keys of all rows of one key, on the hot path
            return first(values[0])
        return b"".join([one(value) for one, value in zip(encoders, values, strict=False)])

    def decode(data: bytes) -> tuple[Any, ...]:
        values, at = [], 0
        for split in splits:
            value, at = split(data, at)
            values.append(value)
        return tuple(values)

    return Codec(encode=encode, decode=decode, immutable=True)


def _encoder(parts: tuple[Part, ...]) -> Callable[[tuple[Any, ...]], bytes]:
    """Encodes all parts: a key and one or two times in half the time, since that is the hot path."""
    encoders = [part.encode for part in parts]
    match [part is TIME for part in parts]:
        case [False, True]:
            key, pack = encoders[0], _NUMBER.pack
            return lambda values: key(values[0]) + pack(values[1] + _ZERO)
        case [True, False]:
            key, pack = encoders[1], _NUMBER.pack
            return lambda values: pack(values[0] + _ZERO) + key(values[1])
        case [False, True, True]:
            key, pack = encoders[0], _TWO_NUMBERS.pack
            return lambda values: key(values[0]) + pack(values[1] + _ZERO, values[2] + _ZERO)
        case [True, True, False]:
            key, pack = encoders[2], _TWO_NUMBERS.pack
            return lambda values: pack(values[0] + _ZERO, values[1] + _ZERO) + key(values[2])
    return lambda values: b"".join([one(value) for one, value in zip(encoders, values, strict=True)])


def _encode_number(value: int) -> bytes:
    return _NUMBER.pack(value + _ZERO)


def _split_number(data: bytes, at: int) -> tuple[int, int]:
    return _NUMBER.unpack_from(data, at)[0] - _ZERO, at + _NUMBER.size


TIME = Part(_encode_number, _split_number)
"""A time (ms), a sequence number, or any other number of 64 bits with a sign."""


def key_part(codec: Codec[Any]) -> Part:
    """A key with other parts behind it: zero bytes are escaped, and two mark its end."""
    to_bytes, to_key = codec.encode, codec.decode

    def encode(key: Any) -> bytes:
        data = to_bytes(key)
        return (data.replace(b"\0", _ESCAPED) if b"\0" in data else data) + _END

    def split(data: bytes, at: int) -> tuple[Any, int]:
        end = data.index(b"\0", at)
        while data[end + 1]:
            end = data.index(b"\0", end + 2)
        return to_key(data[at:end].replace(_ESCAPED, b"\0")), end + 2

    return Part(encode, split)


def last_key_part(codec: Codec[Any]) -> Part:
    """A key that is the last part: its bytes as they are, so that rows of one time are in the order of their keys."""
    to_key = codec.decode

    def split(data: bytes, at: int) -> tuple[Any, int]:
        return to_key(data[at:]), len(data)

    return Part(codec.encode, split)


def packing(count: int) -> Callable[..., bytes]:
    """Writes `count` times, one or two, as they are at the end of a row's key."""
    pack = (_NUMBER if count == 1 else _TWO_NUMBERS).pack
    if count == 1:
        return lambda time: pack(time + _ZERO)
    return lambda time, other: pack(time + _ZERO, other + _ZERO)


def unpacking(count: int) -> Callable[[bytes, int], tuple[int, ...]]:
    """Reads `count` times, one or two, from an index of a row's key on."""
    unpack = (_NUMBER if count == 1 else _TWO_NUMBERS).unpack_from
    if count == 1:
        return lambda data, at: (unpack(data, at)[0] - _ZERO,)

    def two(data: bytes, at: int) -> tuple[int, ...]:
        time, other = unpack(data, at)
        return time - _ZERO, other - _ZERO

    return two


def by_time(row_key: bytes, width: int) -> bytes:
    """The key of a row, a key and times of `width` bytes, turned so that the times come first."""
    split = len(row_key) - width
    key = row_key[: split - len(_END)]
    return row_key[split:] + (key.replace(_ESCAPED, b"\0") if b"\0" in key else key)


def by_key(entry: bytes, width: int) -> bytes:
    """The inverse of `by_time`."""
    return entry[width:].replace(b"\0", _ESCAPED) + _END + entry[:width]
