"""One owner of a state folder at a time, over processes: a lock file inside it.

The lock goes with the process that holds it, however it dies. Knows nothing of what is in the folder.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from streamapp.state.trouble import StateError

LOCK_FILE = "LOCK.streamapp"

_AGAIN = 0.02
"""Seconds between two tries."""


class FolderLock:
    """Holds `folder`, made if need be, after waiting up to `wait_s` seconds for its old owner. Blocks meanwhile.

    Raises `StateError` when the owner does not leave in time, or the folder cannot be used.
    """

    def __init__(self, folder: Path, wait_s: float) -> None:
        self._file = -1
        until = time.monotonic() + wait_s
        try:
            while not self._taken(folder):
                if time.monotonic() >= until:
                    raise StateError(
                        f"state folder {str(folder)!r} is in use by process {_owner(folder)}, which did not leave "
                        f"within {wait_s:g} s: stop it, or give this worker a folder of its own with --state-dir"
                    )
                time.sleep(_AGAIN)
        except OSError as error:
            raise StateError(
                f"state folder {str(folder)!r} cannot be used ({error.strerror}): give a folder that can be written "
                "with --state-dir or STREAMAPP_STATE_DIR"
            ) from error

    def _taken(self, folder: Path) -> bool:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / LOCK_FILE
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        if not _same(file, path):  # the folder was put aside while we waited
            os.close(file)
            return False
        os.truncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file
        return True

    def release(self) -> None:
        """Lets others have the folder."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _owner(folder: Path) -> str:
    try:
        return (folder / LOCK_FILE).read_text(encoding="ascii") or "unknown"
    except (OSError, UnicodeDecodeError):
        return "unknown"
