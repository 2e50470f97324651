"""A numbered place in an application's state folder, held by one process at a time.

The number is part of the transactional id and of the static member id, so a restarted process that finds its slot
free aborts its own dangling transaction at once and takes its place in the group without a session timeout.
Knows nothing of Kafka.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from streamapp.errors import ConfigurationError


class Slot:
    """The lowest slot of `folder` that no other process holds; released by `close` or by the process's death."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.number, self._file = _take(folder)
        except OSError as error:
            raise ConfigurationError(
                f"state folder {str(folder)!r} cannot be used: {error.strerror}; "
                "give a folder that can be written with --state-dir or STREAMAPP_STATE_DIR"
            ) from error

    def close(self) -> None:
        """Lets another process have the slot."""
        os.close(self._file)

    def __enter__(self) -> Slot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _take(folder: Path) -> tuple[int, int]:
    number = 0
    while True:
        file = os.open(folder / f"slot-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            number += 1
        else:
            return number, file
