"""Bytes as they are. Knows nothing of topics."""

from __future__ import annotations

from typing import Any

from streamapp.dsl.format import Codec
from streamapp.dsl.types import name_of, plain
from streamapp.errors import TopologyError


class RawFormat:
    """The default format of `bytes`."""

    name = "raw"

    def __repr__(self) -> str:
        return self.name

    def codec(self, type_: Any) -> Codec[bytes]:
        """The codec of `bytes`; raises `TopologyError` for other types."""
        if plain(type_) not in (bytes, None):
            raise TopologyError(f"raw cannot hold {name_of(type_)}: use bytes, or another format, such as json")
        return Codec(encode=bytes.__bytes__, decode=bytes.__bytes__, immutable=True, total=bytes)


raw = RawFormat()
