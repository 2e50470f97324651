"""Text as UTF-8. Knows nothing of topics."""

from __future__ import annotations

from typing import Any

from streamapp.dsl.format import Codec
from streamapp.dsl.types import name_of, plain
from streamapp.errors import TopologyError


class TextFormat:
    """The default format of `str`."""

    name = "text"

    def __repr__(self) -> str:
        return self.name

    def codec(self, type_: Any) -> Codec[str]:
        """The codec of `str`; raises `TopologyError` for other types.

        Decoding what is not UTF-8 raises `UnicodeDecodeError`.
        """
        if plain(type_) not in (str, None):
            raise TopologyError(f"text cannot hold {name_of(type_)}: use str, or another format, such as json")
        return Codec(encode=str.encode, decode=bytes.decode, immutable=True)


text = TextFormat()
