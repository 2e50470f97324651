"""What can be wrong with a state folder, as errors. Knows nothing of how it was found out."""

from __future__ import annotations

from pathlib import Path

from streamapp.errors import ConfigurationError, StreamappError


class StateError(StreamappError):
    """A state folder cannot be read or written now: disk full, no permission, held by another process."""


class DamagedStateError(StateError):
    """What is in a state folder cannot be believed; `reason` says why. The remedy is to put it aside and rebuild."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"state folder {str(folder)!r} is damaged: {reason}")
        self.folder = folder
        self.reason = reason


class ChangedStateError(ConfigurationError):
    """A store is declared otherwise than its rows were written, so rebuilding it from its log would not help."""


def unreadable(store: str, error: Exception) -> ChangedStateError:
    """The error for a row whose codec refuses it though its checksum is right."""
    return ChangedStateError(
        f"store {store!r} holds a value that its type cannot read ({error}): the type has changed since it was "
        "written. Give the store a new name, or reset the topology to build it again from its sources"
    )


_MISSING = "no such file"
_CLOSED = "already closed"


def trouble(folder: Path, error: Exception) -> StateError:
    """The error for what the database raised.

    What the system refuses now and may grant later leaves the folder as good as before: no space, no permission, too
    many files, a lock. All else is damage, a file that is missing among it.
    """
    text = str(error) or type(error).__name__
    if _CLOSED in text:
        return StateError(f"state folder {str(folder)!r} has been closed: its task has stopped or moved")
    refused = isinstance(error, OSError) or text.startswith("IO error")
    if refused and _MISSING not in text.lower():
        return StateError(
            f"state folder {str(folder)!r} cannot be used now ({text}): free what is missing there, or give another "
            "folder with --state-dir or STREAMAPP_STATE_DIR"
        )
    return DamagedStateError(folder, text)
