"""Up to which close time the windows of an aggregation have been emitted, when they are emitted once (KIP-825).

Knows nothing of how windows are kept.
"""

from __future__ import annotations

from streamapp.engine.operator import BEFORE_ALL, Context


class LastClose:
    """A clock of its own, so that a restart emits nothing twice and forgets nothing."""

    __slots__ = ("_journal", "_name", "_times")

    def __init__(self, context: Context, store: str) -> None:
        self._name = f"{store}:closed"
        self._times = context.clock(self._name)
        self._journal = context.journal

    @property
    def time(self) -> int | None:
        """The last close time (ms) for which windows were emitted; None before the first."""
        last = self._times[self._name]
        return None if last == BEFORE_ALL else last

    def before(self, close: int) -> bool:
        """Whether windows may have closed since, up to `close`."""
        return self._times[self._name] < close

    def move(self, close: int) -> None:
        """All windows that have closed up to `close` are emitted."""
        self._journal.append((self._times, self._name, self._times[self._name]))
        self._times[self._name] = close
