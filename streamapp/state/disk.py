"""Where state folders are: opened under their lock, put aside when they cannot be believed, and listed.

Knows nothing of what is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from streamapp.engine.specs import StoreSpec
from streamapp.state.position import Identity
from streamapp.state.task_state import TaskState, put_aside


class Disk(Protocol):
    """What `LocalDisk` does; the simulator has a disk that loses what was not synced."""

    def open(self, folder: Path, specs: Sequence[StoreSpec], identity: Identity, wait_s: float) -> TaskState:
        """The state in a folder, as `TaskState.open` gives it; blocks."""
        ...

    def put_aside(self, folder: Path) -> Path:
        """Renames a folder, as `streamapp.state.put_aside` does."""
        ...

    def folders(self, parent: Path) -> list[str]:
        """The names of the folders in one."""
        ...


class LocalDisk:
    """The machine's own file system."""

    def open(self, folder: Path, specs: Sequence[StoreSpec], identity: Identity, wait_s: float) -> TaskState:
        """The state in a folder, in RocksDB."""
        return TaskState.open(folder, specs, identity, wait_s=wait_s)

    def put_aside(self, folder: Path) -> Path:
        """Renames a folder."""
        return put_aside(folder)

    def folders(self, parent: Path) -> list[str]:
        """The names of the folders, and files, in one; none when it does not exist."""
        return [path.name for path in parent.glob("*")]
