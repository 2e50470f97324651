"""What happened in a run, line by line: the same for the same seed. Knows nothing of what it means."""

from __future__ import annotations

import hashlib
import logging

from streamapp.testing.simulator.loop import VirtualLoop


class Trace(logging.Handler):
    """Collects lines, and what workers log."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(logging.INFO)
        self._loop = loop
        self._lines: list[tuple[float, str, str]] = []

    def note(self, who: str, what: str) -> None:
        """Adds a line with the time."""
        self._lines.append((self._loop.time(), who, what))

    def emit(self, record: logging.LogRecord) -> None:
        """Adds what is logged."""
        self.note("log", record.getMessage())

    def last(self, count: int) -> list[str]:
        """The last lines as text."""
        return [f"{at:9.3f} {who:<10} {what}" for at, who, what in self._lines[-count:]]

    @property
    def digest(self) -> str:
        """Equal for equal traces only."""
        return hashlib.blake2b(repr(self._lines).encode(), digest_size=8).hexdigest()
