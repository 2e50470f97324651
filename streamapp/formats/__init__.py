"""Bytes to values and back: the formats, and the codec of a type.

Knows nothing of topics, stores or steps.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

from streamapp.dsl.format import Codec, Format
from streamapp.dsl.types import plain
from streamapp.dsl.windows import Session, Windowed, size_of
from streamapp.formats.dynamic import DynamicFormat, dynamic
from streamapp.formats.json import JsonFormat, json
from streamapp.formats.raw import RawFormat, raw
from streamapp.formats.text import TextFormat, text
from streamapp.formats.windowed import session, windowed


def codec_for(type_: Any, format: Format | None = None, *, size: int | None = None) -> Codec[Any]:  # noqa: A002 - as in Topic
    """The codec of `type_` in `format`, or in the default format of the type when that is None.

    The default is text for `str`, raw for `bytes`, dynamic for types of which nothing is known, else JSON. Of
    `Windowed[K]` and `Session[K]`, `format` is that of the key inside, and `size`, in ms, that of the windows, where
    the type does not tell it. Raises `TopologyError` when the format cannot hold the type.
    """
    size = size_of(type_) if size is None else size
    type_ = plain(type_)
    kind = get_origin(type_) or type_
    if kind in (Windowed, Session):
        (inner,) = get_args(type_) or (None,)
        key = codec_for(inner, format)
        return session(key) if kind is Session else windowed(key, size)
    return (format or _default(type_)).codec(type_)


def _default(type_: Any) -> Format:
    if type_ is None:
        return dynamic
    if type_ is str:
        return text
    return raw if type_ is bytes else json


__all__ = [
    "DynamicFormat",
    "JsonFormat",
    "RawFormat",
    "TextFormat",
    "codec_for",
    "dynamic",
    "json",
    "raw",
    "session",
    "text",
    "windowed",
]
