"""Keys and values of unknown type, between steps of one topology.

Text is written as text, so that a stream keyed by an unannotated function goes to the same partitions as a
topic with text keys. All else is tagged: byte 0 and JSON, for a tuple byte 1 and a JSON list. Knows nothing
of topics.
"""

from __future__ import annotations

from typing import Any

import orjson

from streamapp.dsl.format import Codec

_JSON, _TUPLE = b"\x00", b"\x01"
_TAGS = ("\x00", "\x01")
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_KNOWN = frozenset({str, int, float, bool, dict, list, tuple})


class DynamicFormat:
    """The format of what nothing is known of: text, numbers, `bool`, `dict`, `list` and `tuple`."""

    name = "dynamic"

    def __repr__(self) -> str:
        return self.name

    def codec(self, type_: Any) -> Codec[Any]:
        """The one codec there is.

        Encoding raises `TypeError` for values that would come back as something else, and `ValueError` for a
        number JSON cannot hold.
        """
        return Codec(encode=_encode, decode=_decode)


def _encode(value: Any) -> bytes:
    kind = type(value)
    if kind is str and not value.startswith(_TAGS):
        return bytes(value, "utf-8")
    if kind not in _KNOWN:
        raise TypeError(
            f"a {kind.__name__} of unknown type cannot be stored: annotate what the function returns, "
            "or give its type with key= or value= of the step"
        )
    encoded = orjson.dumps(value, option=_OPTIONS)
    if encoded == b"null":
        raise ValueError(f"{value} is not a number JSON can hold")
    return (_TUPLE if kind is tuple else _JSON) + encoded


def _decode(data: bytes) -> Any:
    tag = data[:1]
    if tag == _JSON:
        return orjson.loads(data[1:])
    if tag == _TUPLE:
        return tuple(orjson.loads(data[1:]))
    return data.decode()


dynamic = DynamicFormat()
