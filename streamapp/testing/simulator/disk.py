"""A machine's disk: state folders that outlive processes, and lose their last writes when the power goes.

What was written since the last sync is lost from some write on, never in the middle of one: a database's log is a
prefix. Knows nothing of what is in a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import TypeAlias

from streamapp.engine.specs import StoreSpec
from streamapp.state import Identity, StateError, TaskState
from streamapp.state.memory import MemoryBackend, MemoryRows
from streamapp.state.rows import Writes
from streamapp.testing.simulator.network import Caller, KilledError
from streamapp.testing.simulator.plants import Plant

Step: TypeAlias = tuple[str, str, bytes, list[Writes]]
"""What was done to a database: `add`, `drop` or `write`; a store; a record; rows."""

_SYNCED = 0.1
"""How likely a write is followed by a sync, as when memory tables are written out."""


class Database:
    """What is in a folder: the steps that led to it, of which those before `synced` are safe."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.synced = 0
        self.holder: Caller | None = None


class SimulatedDisk:
    """The disk of one machine, used by one process after the other; `process` is the present one."""

    def __init__(self, random: Random, plant: Plant | None) -> None:
        self.process: Caller | None = None
        self.full = 0
        """How many writes will fail for lack of space."""
        self._random = random
        self._plant = plant
        self._folders: dict[Path, Database] = {}

    def open(self, folder: Path, specs: Sequence[StoreSpec], identity: Identity, wait_s: float) -> TaskState:
        """The state in a folder."""
        holder = self._alive()
        database = self._folders.setdefault(folder, Database())
        if database.holder is holder:
            raise StateError(f"state folder {folder.name!r} is in use by this process")
        database.holder = holder
        kind = _Forgetful if self._plant == "skip-dirty-drop" else TaskState
        try:
            return kind.over(folder, SimulatedDatabase(self, database, holder), specs, identity)
        except BaseException:
            database.holder = None
            raise

    def put_aside(self, folder: Path) -> Path:
        """Renames a folder."""
        self._alive()
        aside = folder.with_name(f"{folder.name}.damaged-{len(self._folders)}")
        self._folders[aside] = self._folders.pop(folder)
        return aside

    def folders(self, parent: Path) -> list[str]:
        """The names of the folders in one."""
        return sorted(folder.name for folder in self._folders if folder.parent == parent)

    def lose_power(self) -> None:
        """Loses, in each folder, the writes from some point behind the last sync on."""
        for database in self._folders.values():
            kept = self._random.randint(database.synced, len(database.steps))
            lost = database.steps[kept:]
            del database.steps[kept:]
            if lost and lost[0][0] == "write" and self._plant == "position-before-rows":
                database.steps.append((*lost[0][:3], []))
            database.synced = min(database.synced, len(database.steps))

    def lose_all(self) -> None:
        """Loses every folder."""
        self._folders.clear()

    def _alive(self) -> Caller:
        if self.process is None or self.process.dead:
            raise KilledError
        return self.process

    def note(self, database: Database, holder: Caller, step: Step, *, sync: bool) -> None:
        """Takes a step down; raises `StateError` when the disk is full."""
        if holder.dead or database.holder is not holder:
            raise KilledError
        if self.full and step[0] == "write":
            self.full -= 1
            raise StateError("state folder cannot be used now (no space left on device)")
        database.steps.append(step)
        if sync or self._random.random() < _SYNCED:
            database.synced = len(database.steps)


class SimulatedDatabase:
    """The rows of one folder, opened by one process."""

    def __init__(self, disk: SimulatedDisk, database: Database, holder: Caller) -> None:
        self._disk = disk
        self._database = database
        self._holder = holder
        self._rows = MemoryBackend()
        for what, store, record, writes in database.steps:
            if what == "add":
                self._rows.add(store)
            elif what == "drop":
                self._rows.drop(store)
            else:
                self._rows.write(record, writes)

    @property
    def record(self) -> bytes | None:
        """What the last write said."""
        return self._rows.record

    @property
    def stores(self) -> frozenset[str]:
        """The stores there are."""
        return self._rows.stores

    def add(self, store: str) -> None:
        """Makes a store."""
        self._disk.note(self._database, self._holder, ("add", store, b"", []), sync=True)
        self._rows.add(store)

    def drop(self, store: str) -> None:
        """Removes a store."""
        self._disk.note(self._database, self._holder, ("drop", store, b"", []), sync=True)
        self._rows.drop(store)

    def rows(self, store: str) -> MemoryRows:
        """The rows of a store."""
        return self._rows.rows(store)

    def write(self, record: bytes, writes: Iterable[Writes], *, sync: bool = False) -> None:
        """Applies all of it, or nothing."""
        kept = [Writes(one.store, list(one.rows), one.ranges) for one in writes]
        self._disk.note(self._database, self._holder, ("write", "", record, kept), sync=sync)
        self._rows.write(record, kept)

    def verify(self) -> None:
        """Nothing is ever damaged here."""

    def close(self) -> None:
        """Lets go of the folder."""
        if self._database.holder is self._holder:
            self._database.holder = None


class _Forgetful(TaskState):
    """The planted error: an abort does not drop what is dirty."""

    def rollback(self) -> None:
        """Forgets to drop it."""
