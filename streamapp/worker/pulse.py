"""Notices when the whole process stood still: stopped by a signal, frozen with its container, or starved.

A thread beats; that it missed beats tells standing still from a long call of an author's function, during which other
threads go on. Knows nothing of sessions or groups.
"""

from __future__ import annotations

import threading
from types import TracebackType

from streamapp.worker.clock import monotonic

BEAT = 0.5
"""Seconds between two beats."""


class Pulse:
    """Beats from `with` on; `longest` is how long the process has stood still at most, in seconds."""

    def __init__(self, beat: float = BEAT) -> None:
        self._beat = beat
        self._ended = threading.Event()
        self._last = monotonic()
        self._longest = 0.0
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    @property
    def longest(self) -> float:
        """Also counts a pause that ended a moment ago, before the next beat."""
        return max(self._longest, monotonic() - self._last - self._beat)

    def note(self, now: float) -> None:
        """A beat at `now`, in seconds of a clock that never goes back."""
        self._longest = max(self._longest, now - self._last - self._beat)
        self._last = now

    def forget(self) -> None:
        """Counts from here on."""
        self.note(monotonic())
        self._longest = 0.0

    def _run(self) -> None:
        while not self._ended.wait(self._beat):
            self.note(monotonic())

    def __enter__(self) -> Pulse:
        self._last = monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
