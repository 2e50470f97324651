"""Whether a RocksDB folder still has all that it had: its CURRENT and the whole of its MANIFEST.

RocksDB takes a folder without CURRENT for a new one and the torn end of a MANIFEST for a crash, so rows would be
missing without a word. A file of our own says how much of the MANIFEST there was at the last commit; RocksDB syncs
what it adds, so there is never less after a crash. Knows nothing of what the rows are.
"""

from __future__ import annotations

import os
from pathlib import Path

from streamapp.state.trouble import DamagedStateError

NOTE_FILE = "MANIFEST.streamapp"

_WIDTH = 64
"""Bytes of the note: written in one piece, within one sector."""


def refuse_remains(folder: Path) -> None:
    """Raises `DamagedStateError` for a folder that has lost its CURRENT or the end of its MANIFEST."""
    current = folder / "CURRENT"
    if not current.exists():
        remains = sorted(path.name for path in folder.glob("*") if _of_database(path.name))
        if remains:
            raise DamagedStateError(folder, f"its file CURRENT is missing, but {remains[0]!r} is there")
        return
    noted = _read_note(folder)
    if noted is None:
        return
    name, size = noted
    now = _current(folder)
    if _number(now) < _number(name):
        raise DamagedStateError(folder, f"its file CURRENT names {now!r}, older than {name!r}")
    if now == name and _size(folder / name) < size:
        raise DamagedStateError(folder, f"its file {name!r} had {size} bytes and now has {_size(folder / name)}")


class ManifestNote:
    """Keeps the note of an open database up to date."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = _current(folder)
        self._size = -1
        self._file = os.open(folder / NOTE_FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.update()

    def update(self) -> None:
        """Notes how much of the MANIFEST there is; called after each write."""
        try:
            size = (self._folder / self._name).stat().st_size
        except FileNotFoundError:  # the database has begun another
            self._name = _current(self._folder)
            size = (self._folder / self._name).stat().st_size
        if size != self._size:
            os.pwrite(self._file, f"{self._name} {size}".ljust(_WIDTH - 1).encode() + b"\n", 0)
            self._size = size

    def close(self) -> None:
        """Notes what closing has added, unless the folder is gone, and lets go of the note."""
        try:
            if self._folder.exists():
                self.update()
        finally:
            os.close(self._file)


def _of_database(name: str) -> bool:
    return name.startswith(("MANIFEST", "OPTIONS-", "IDENTITY")) or name.endswith((".sst", ".log"))


def _current(folder: Path) -> str:
    try:
        return (folder / "CURRENT").read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        raise DamagedStateError(folder, "its file CURRENT does not name a MANIFEST") from None


def _number(manifest: str) -> int:
    digits = manifest.partition("-")[2]
    return int(digits) if digits.isdigit() else -1


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read_note(folder: Path) -> tuple[str, int] | None:
    path = folder / NOTE_FILE
    if not path.exists():
        return None
    name, _, size = path.read_bytes().decode("ascii", "replace").strip().partition(" ")
    if _number(name) < 0 or not size.isdigit():
        raise DamagedStateError(folder, f"its file {NOTE_FILE} cannot be read")
    return name, int(size)
