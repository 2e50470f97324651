"""Windowed keys as Kafka's serialisers write them: key bytes, then 8 bytes of start, big-endian.

The end of a time window is not among them, so it takes the size of the windows to know it; a session's end comes
before its start. Knows nothing of stores or topics.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

from streamapp.dsl.format import Codec
from streamapp.dsl.windows import Session, Windowed

_START = Struct(">q")
_END_AND_START = Struct(">qq")
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


def session(key: Codec[Any]) -> Codec[Session[Any]]:
    """The codec of the keys of sessions."""
    encode, decode, size = key.encode, key.decode, _END_AND_START.size

    def encode_session(session: Session[Any]) -> bytes:
        return encode(session[0]) + _END_AND_START.pack(session[2], session[1])

    def decode_session(data: bytes) -> Session[Any]:
        if len(data) < size:
            raise ValueError(f"the key of a session has at least {size} bytes, this one has {len(data)}")
        end, start = _END_AND_START.unpack(data[-size:])
        return Session(decode(data[:-size]), start, end)

    return Codec(encode=encode_session, decode=decode_session, immutable=key.immutable)
