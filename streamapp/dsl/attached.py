"""Stores of an author's own, attached to processors: what they are called and what can be done with them.

Knows nothing of how rows are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from streamapp.dsl.naming import checked
from streamapp.dsl.place import author_line
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from typing_extensions import TypeForm

K = TypeVar("K")
V = TypeVar("V")
K_contra = TypeVar("K_contra", contravariant=True)
S_co = TypeVar("S_co", covariant=True)


class KeyValueRows(Protocol[K, V]):
    """The last value of each key."""

    def get(self, key: K) -> V | None:
        """The value of a key, or None."""
        ...

    def timestamp(self, key: K) -> int | None:
        """The timestamp (ms) of a key's value, or None."""
        ...

    def put(self, key: K, value: V | None, *, timestamp: int | None = None) -> None:
        """Sets the value, None deletes the key; `timestamp` (ms) is that of the record in process unless given."""
        ...

    def put_if_absent(self, key: K, value: V) -> V | None:
        """Sets the value of a key that has none; gives the value there was."""
        ...

    def delete(self, key: K) -> V | None:
        """Deletes the key; gives the value there was."""
        ...

    def range(self, start: K | None = None, end: K | None = None) -> Iterator[tuple[K, V]]:
        """Keys and values with start <= key <= end, in the order of the encoded keys, as of the first step."""
        ...


class WindowRows(Protocol[K_contra, V]):
    """The value of each key and window start, as long as the retention says."""

    def get(self, key: K_contra, start: int) -> V | None:
        """The value of the window that starts at `start` (ms), or None."""
        ...

    def put(self, key: K_contra, start: int, value: V | None, *, timestamp: int | None = None) -> None:
        """Sets the value, None deletes the window; what starts before the retention is ignored."""
        ...

    def fetch(self, key: K_contra, earliest: int, latest: int) -> Iterator[tuple[int, V]]:
        """Starts and values of the key's windows with earliest <= start <= latest, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class AttachedStore(Generic[S_co]):
    """A store for processors; made by `key_value_store` and `window_store`.

    Processors that are given the same one share it, and so its sub-topology.
    """

    name: str
    kind: Literal["key-value", "window"]
    key: Any
    value: Any
    retention: int | None = None
    window_size: int | None = None


def key_value_store(name: str, *, key: TypeForm[K], value: TypeForm[V]) -> AttachedStore[KeyValueRows[K, V]]:
    """A store of the last value of each key.

    `name` must not change between releases. Raises `TopologyError` for a name that is not kebab-case.
    """
    return AttachedStore(checked("key_value_store", name), "key-value", key, value)


def window_store(
    name: str, *, key: TypeForm[K], value: TypeForm[V], size: int, retention: int
) -> AttachedStore[WindowRows[K, V]]:
    """A store of the value of each key and window start; windows last `size` ms.

    What starts `retention` ms or longer before the latest start is gone. Raises `TopologyError` for a name that is
    not kebab-case, or a retention shorter than the size.
    """
    if size <= 0 or retention < size:
        raise TopologyError(
            f"window_store {name!r} at {author_line()}: size={size} ms, retention={retention} ms: give a positive "
            "size, and a retention no shorter"
        )
    return AttachedStore(checked("window_store", name), "window", key, value, retention, size)
