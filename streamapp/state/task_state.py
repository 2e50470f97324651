"""The state of one task: its stores, and how far they are, changed together or not at all.

Every store is the overlay of what is not committed yet over rows in memory or on disk; one commit writes all of them
and the record of the position in one step. Knows nothing of Kafka, of operators or of when to commit.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path

from msgspec.structs import replace

from streamapp.engine.records import Change, Row
from streamapp.engine.specs import StoreSpec
from streamapp.state.kinds import KindOfStore, connect, made
from streamapp.state.layout import NUMBER, row_of, unpack_timestamp
from streamapp.state.lock import FolderLock
from streamapp.state.memory import MemoryBackend
from streamapp.state.partly_in_memory import PartlyInMemory
from streamapp.state.position import Identity, Position, Record, decode_record, refuse_changed, shapes
from streamapp.state.query import Query, ScanRow
from streamapp.state.rows import Backend, Newest, Writes
from streamapp.state.trouble import DamagedStateError, StateError

ASIDE = 3
"""Damaged folders kept of one task: enough to see what happened, and no disk is filled by them."""

KEPT = 20_000
"""Rows of each store that stay decoded in memory after a commit."""


class TaskState:
    """The stores of a task by name; `position` is where they stood at the last commit, None before the first.

    Made by `open`. Not thread-safe, but `commit` and `restore`, which may stall, may run in a thread of their own
    while readers read.
    """

    def __init__(
        self, backend: Backend, specs: Sequence[StoreSpec], record: Record, *, fresh: bool, lock: FolderLock | None
    ) -> None:
        self.position: Position | None = None if fresh else record.position
        self.stores: dict[str, KindOfStore] = {spec.name: made(spec, backend.rows(spec.name), KEPT) for spec in specs}
        connect(specs, self.stores)
        self.committed: dict[str, KindOfStore] = {spec.name: made(spec, backend.rows(spec.name), 0) for spec in specs}
        """The same stores as of the last commit, for readers; nothing is ever put into them."""
        self._backend = backend
        self._record = record
        self._lock = lock
        self._in_memory = _in_memory(specs)

    @classmethod
    def open(
        cls, folder: Path | None, specs: Sequence[StoreSpec], identity: Identity, *, wait_s: float = 0.0
    ) -> TaskState:
        """Opens the state in `folder`, or an empty one in memory when that is None.

        Waits up to `wait_s` seconds for another owner of the folder; blocks. Stores that are new are added, stores
        that are no longer wanted are dropped. Raises `DamagedStateError` for a folder that must be put aside and
        rebuilt, `ChangedStateError` for a store that is declared otherwise than it was written, and `StateError`
        for a folder that cannot be used now.
        """
        if folder is None:
            return cls.over(None, MemoryBackend(), specs, identity)
        lock = FolderLock(folder, wait_s)
        try:
            return cls.over(folder, _on_disk(folder), specs, identity, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def over(
        cls,
        folder: Path | None,
        backend: Backend,
        specs: Sequence[StoreSpec],
        identity: Identity,
        lock: FolderLock | None = None,
    ) -> TaskState:
        """The stores that `specs` name over `backend`, which is the content of `folder`; as `open`."""
        task = f"{folder.parent.name}/{folder.name}" if folder else ""
        wanted = Record(identity, task, shapes(specs), Position())
        try:
            found = _believed(folder, backend, wanted) if folder else None
            in_memory = _in_memory(specs) if folder else frozenset()
            record = _matched(backend, found, wanted, in_memory)
            if in_memory:
                backend = PartlyInMemory(backend, in_memory)
            return cls(backend, specs, record, fresh=found is None, lock=lock)
        except BaseException:
            backend.close()
            raise

    @property
    def empty(self) -> bool:
        """No store has a row."""
        return all(store.empty for store in self.stores.values())

    def changes(self) -> dict[str, list[Change]]:
        """What the log of each store must be told before `commit`; stays dirty."""
        return {name: store.changes() for name, store in self.stores.items()}

    def logged(self, store: str, keys: Mapping[bytes, int]) -> list[Change]:
        """What the log must say of some of its keys once what is dirty is committed; tombstones get the times given."""
        dirty = {change[0]: change for change in self.stores[store].changes()}
        return [dirty.get(key) or self._committed_change(store, key, timestamp) for key, timestamp in keys.items()]

    def _committed_change(self, store: str, key: bytes, timestamp: int) -> Change:
        row_key = self.stores[store].row_key(key)
        row = None if row_key is None else self._backend.rows(store).get(row_key)
        return (key, None, timestamp) if row is None else (key, row[NUMBER:], unpack_timestamp(row))

    def commit(self, position: Position) -> None:
        """Writes what is dirty, and `position`, in one atomic step.

        Raises `StateError` when that fails: then nothing has changed and all of it is still dirty.
        """
        self._write(position, [store.writes() for store in self.stores.values()])
        for store in self.stores.values():
            store.settle()

    def restore(self, store: str, rows: Sequence[Row], next_offset: int) -> None:
        """Applies rows of a store's log and moves its position there to `next_offset`, in one atomic step.

        Nothing may be dirty in the store. Raises `StateError`, and has then changed nothing.
        """
        newest = {key: row_of(value, timestamp) for _, timestamp, key, value, _ in rows if key is not None}
        self.restore_newest(store, newest, next_offset)

    def restore_newest(self, store: str, newest: Newest, next_offset: int) -> None:
        """The same for what rows of a log say in the end, made with `row_of` of each value and its timestamp."""
        before = self.position or Position(committed_at=int(time.time() * 1000))
        position = Position(
            before.sources, {**before.changelogs, store: next_offset}, before.times, before.late, before.committed_at
        )
        self._write(position, [self.stores[store].restored(newest)])

    def rollback(self) -> None:
        """Drops what is dirty."""
        for store in self.stores.values():
            store.rollback()

    def scan(self, store: str, query: Query = Query()) -> Iterator[ScanRow]:  # noqa: B008 - a frozen value
        """The rows of a store, dirty ones included; `committed[store].scan(query)` gives those of the last commit."""
        return self.stores[store].scan(query)

    def verify(self) -> None:
        """Reads every committed row with its checksum; raises `DamagedStateError`. Takes long; may run in a thread."""
        self._backend.verify()

    def close(self) -> None:
        """Closes the stores and lets others have the folder; what is dirty is dropped."""
        try:
            self._backend.close()
        finally:
            if self._lock is not None:
                self._lock.release()

    def _write(self, position: Position, writes: Sequence[Writes]) -> None:
        kept = {store: at for store, at in position.changelogs.items() if store not in self._in_memory}
        lasting = replace(position, changelogs=kept) if len(kept) < len(position.changelogs) else position
        record = Record(self._record.identity, self._record.task, self._record.shapes, lasting)
        self._backend.write(record.encode(), writes)
        self._record, self.position = record, position


def put_aside(folder: Path) -> Path:
    """Renames a state folder to `<name>.damaged-<n>`, so that it can be looked at, and returns its new path.

    The last `ASIDE` of a folder are kept, older ones are removed. Raises `StateError` when somebody uses it.
    """
    lock = FolderLock(folder, 0.0)
    try:
        before = _aside(folder)
        for number in before[: len(before) + 1 - ASIDE]:
            shutil.rmtree(_damaged(folder, number))
        return folder.rename(_damaged(folder, before[-1] + 1 if before else 1))
    except OSError as error:
        raise StateError(
            f"damaged state folder {str(folder)!r} cannot be renamed ({error.strerror}): remove it by hand"
        ) from error
    finally:
        lock.release()


def _damaged(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}.damaged-{number}")


def _aside(folder: Path) -> list[int]:
    """The numbers under which a folder has been put aside, the oldest first."""
    names = (path.name.rpartition("-")[2] for path in folder.parent.glob(f"{folder.name}.damaged-*"))
    return sorted(int(number) for number in names if number.isdecimal())


def _on_disk(folder: Path) -> Backend:
    from streamapp.state.rocks import RocksBackend  # late: only who opens a folder pays for loading RocksDB

    return RocksBackend(folder)


def _believed(folder: Path, backend: Backend, wanted: Record) -> Record | None:
    """The record of a folder, None when it is new; raises when it is not what `wanted` says."""
    data = backend.record
    if data is None:
        for store in backend.stores:
            if backend.rows(store).seek(b"") is not None:
                raise DamagedStateError(folder, f"store {store!r} has rows, but what they are is not recorded")
        return None
    try:
        found = decode_record(data)
    except ValueError as error:
        raise DamagedStateError(folder, f"its record cannot be read: {error}") from error
    reason = found.distrust(wanted.identity, wanted.task)
    if reason is not None:
        raise DamagedStateError(folder, reason)
    refuse_changed(found.shapes, wanted.shapes)
    return found


def _in_memory(specs: Sequence[StoreSpec]) -> frozenset[str]:
    """The stores that are not kept on the disk."""
    return frozenset(spec.name for spec in specs if spec.in_memory)


def _matched(backend: Backend, found: Record | None, wanted: Record, in_memory: Set[str]) -> Record:
    """Makes the stores of the backend those that are wanted there, and returns the record that is true then.

    In this order: a store that goes and comes back must never find the position of the rows it had.
    """
    stores = [store for store in wanted.shapes if store not in in_memory]
    for store in backend.stores - set(stores):
        backend.drop(store)
    missing = [store for store in stores if store not in backend.stores]
    record = wanted
    if found is not None:
        kept = {store: at for store, at in found.position.changelogs.items() if store in backend.stores}
        old = found.position
        position = Position(old.sources, kept, old.times, old.late, old.committed_at)
        record = Record(wanted.identity, wanted.task, wanted.shapes, position)
        if record != found:
            backend.write(record.encode(), [], sync=True)
    for store in missing:
        backend.add(store)
    return record
