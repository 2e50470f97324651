"""The kinds of store there are, by `StoreSpec.kind`: the one place a new kind is entered.

Knows nothing of tasks or disks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from streamapp.engine.records import Change
from streamapp.engine.specs import StoreSpec
from streamapp.engine.store import Store
from streamapp.state.keyvalue import KeyValueStore
from streamapp.state.query import Query, ScanRow
from streamapp.state.rows import Newest, Rows, Writes
from streamapp.state.timed import TimedStore
from streamapp.state.times import TimesStore
from streamapp.state.versioned import VersionedStore
from streamapp.state.window import WindowStore


class KindOfStore(Store, Protocol):
    """What a kind of store must do beside what operators ask of it."""

    def scan(self, query: Query) -> Iterator[ScanRow]:
        """The rows a reader asks for."""
        ...

    @property
    def empty(self) -> bool:
        """Nothing has been committed to it."""
        ...

    def changes(self) -> list[Change]:
        """What the changelog must be told; stays dirty."""
        ...

    def writes(self) -> Writes:
        """What a commit writes."""
        ...

    def settle(self) -> None:
        """The commit has been written."""
        ...

    def rollback(self) -> None:
        """Back to the last commit."""
        ...

    def row_key(self, key: bytes) -> bytes | None:
        """The row that a key of the changelog speaks of; None for a key that can be of no row."""
        ...

    def restored(self, newest: Newest) -> Writes:
        """What its log says of some keys, but for tombstones of no row; nothing may be dirty."""
        ...


def made(spec: StoreSpec, committed: Rows, limit: int) -> KindOfStore:
    """A store of its spec, its committed rows and how many of them to keep decoded in memory."""
    if spec.order_of is not None:
        return TimesStore(spec, committed, limit)
    return TimedStore(spec, committed, limit) if spec.times else KINDS[spec.kind](spec, committed, limit)


def connect(specs: Sequence[StoreSpec], stores: Mapping[str, KindOfStore]) -> None:
    """Has stores that are the order of others follow those."""
    for spec in specs:
        rows = stores.get(spec.order_of or "")
        order = stores[spec.name]
        if isinstance(rows, TimedStore) and isinstance(order, TimesStore):
            rows.ordered_by(order)


KINDS: dict[str, Callable[[StoreSpec, Rows, int], KindOfStore]] = {
    "key-value": KeyValueStore,
    "versioned": VersionedStore,
    "window": WindowStore,
}
"""By kind, for stores that know of no times in their keys."""
