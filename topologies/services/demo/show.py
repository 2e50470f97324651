"""What the demo prints: sentences, and one line that changes. Knows nothing of what it says."""

from __future__ import annotations

from typing import TextIO

EVERY = 5.0
"""Seconds between two live lines where the output is no terminal."""


class Show:
    """Writes to `out`, a terminal or not."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last = -EVERY
        self._open = False

    def say(self, text: str) -> None:
        """A line of its own."""
        self._print(text, keep=True)

    def live(self, text: str, now: float) -> None:
        """Replaces the last live line on a terminal; `now` in seconds."""
        if self._out.isatty():
            self._print(text, keep=False)
        elif now >= self._last + EVERY:
            self._last = now
            self._print(text, keep=True)

    def _print(self, text: str, *, keep: bool) -> None:
        clear = "\r\x1b[K" if self._open else ""
        self._out.write(f"{clear}{text}" + "\n" * keep)
        self._out.flush()
        self._open = not keep
