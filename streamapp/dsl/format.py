"""What turns values into bytes and back, as far as the language must know.

Knows no concrete format: those are in `streamapp.formats`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """Bytes to a value of one type and back.

    `immutable`: a decoded value cannot be changed, so a store may hand out the same object twice.
    `total`: `encode` cannot fail on a value that `accepts` it, so encoding may wait until the commit.
    `None` never reaches a codec: it is a null key, or a tombstone.
    """

    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]
    immutable: bool = False
    total: type | None = None
    """The exact type (`type(value) is total`) for which `encode` cannot fail; None: it always may."""


class Format(Protocol):
    """A way to write values, such as JSON; gives the codec of a type."""

    @property
    def name(self) -> str:
        """What `describe`, the CLI and the pages call it."""
        ...

    def codec(self, type_: Any) -> Codec[Any]:
        """The codec of `type_`; raises `TopologyError` when this format cannot hold it."""
        ...
