"""Windowed keys as Kafka's TimeWindowedSerializer writes them: key bytes, then 8 bytes of start, big-endian.

The end is not among them, so it takes the size of the windows to know it. Knows nothing of stores or topics.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

from streamapp.dsl.format import Codec
from streamapp.dsl.windows import Windowed

_START = Struct(">q")
_FOREVER = 2**63 - 1
"""The end of a window whose size is unknown, as in Kafka (Long.MAX_VALUE)."""


def windowed(key: Codec[Any], size: int | None = None) -> Codec[Windowed[Any]]:
    """The codec of windowed keys; `size` in ms gives decoded keys their end."""
    return Codec(encode=_encoder(key), decode=_decoder(key, size), immutable=key.immutable)


def _encoder(key: Codec[Any]) -> Callable[[Windowed[Any]], bytes]:
    encode, pack = key.encode, _START.pack

    def encode_windowed(windowed: Windowed[Any]) -> bytes:
        return encode(windowed[0]) + pack(windowed[1])

    return encode_windowed


def _decoder(key: Codec[Any], size: int | None) -> Callable[[bytes], Windowed[Any]]:
    decode, unpack = key.decode, _START.unpack

    def decode_windowed(data: bytes) -> Windowed[Any]:
        if len(data) < _START.size:
            raise ValueError(f"a windowed key has at least {_START.size} bytes, this one has {len(data)}")
        (start,) = unpack(data[-_START.size :])
        end = _FOREVER if size is None else min(start + size, _FOREVER)
        return Windowed(decode(data[: -_START.size]), start, end)

    return decode_windowed
