"""The ordered key-value interface under the stores: bytes to bytes, sorted, changed only by whole commits.

`memory` and `rocks` implement it. Knows nothing of values, windows or positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from streamapp.state.trouble import ChangedStateError


class Rows(Protocol):
    """The committed rows of one store. All methods raise `DamagedStateError` when the disk gives back rubbish."""

    def get(self, key: bytes) -> bytes | None:
        """The row of a key, or None."""
        ...

    def seek(self, key: bytes) -> bytes | None:
        """The first key at or after `key`, or None."""
        ...

    def scan(
        self, start: bytes = b"", end: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Rows with start <= key < end, in the order of their keys or against it.

        Holds nothing open while the caller looks at a row, so it may be dropped at any time; rows that a commit
        changes meanwhile may show either way.
        """
        ...


Newest: TypeAlias = Mapping[bytes, bytes | None]
"""What a log says of some keys, by the log's key: the last row as it is stored, None of a key that was deleted."""


def rows_of(
    store: str, newest: Newest, row_key: Callable[[bytes], bytes | None]
) -> Iterator[tuple[bytes, bytes | None]]:
    """What a log says, by the rows' keys; a tombstone of what can be no row says nothing.

    Raises `ChangedStateError` for a value of what can be no row: others wrote it, or a store of another kind.
    """
    for key, row in newest.items():
        found = row_key(key)
        if found is not None:
            yield found, row
        elif row is not None:
            raise ChangedStateError(
                f"the changelog of store {store!r} has a record whose key {key!r} is no row's (it has no window start, "
                "or no time): another kind of store wrote it, or somebody else. Give the store a new name, or reset "
                "the topology to build it again from its sources"
            )


@dataclass(slots=True)
class Writes:
    """What a commit changes in one store: first all rows in `ranges` (start <= key < end) go, then `rows` are set."""

    store: str
    rows: Iterable[tuple[bytes, bytes | None]]
    """None deletes the row."""
    ranges: Sequence[tuple[bytes, bytes]] = field(default=())


class Backend(Protocol):
    """The rows of a task's stores and one record about them, changed together or not at all."""

    @property
    def record(self) -> bytes | None:
        """What the last `write` said; None when there was none."""
        ...

    @property
    def stores(self) -> frozenset[str]:
        """The stores there are, wanted or not."""
        ...

    def add(self, store: str) -> None:
        """Makes a store without rows."""
        ...

    def drop(self, store: str) -> None:
        """Removes a store with its rows."""
        ...

    def rows(self, store: str) -> Rows:
        """The rows of a store."""
        ...

    def write(self, record: bytes, writes: Iterable[Writes], *, sync: bool = False) -> None:
        """Applies all of it in one atomic step; may stall, and may run in a thread of its own.

        With `sync` it outlives a power loss. Raises `StateError` when it cannot, and has then changed nothing.
        """
        ...

    def verify(self) -> None:
        """Reads every row and checks its checksum; raises `DamagedStateError`."""
        ...

    def close(self) -> None:
        """Lets go of the disk; rows and scans must not be used any more."""
        ...
