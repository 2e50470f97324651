"""A store that notes what is put into it, so that each change can be told with its cause.

What a record that fails has put is undone with the record. Knows nothing of topics or tables.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from streamapp.engine.store import MISSING, Undo

Note: TypeAlias = tuple[str, tuple[Any, ...]]
"""The name of a store, and the arguments of a `put`."""


class Watched:
    """`store`, of any kind, and in `notes`, by a running number, what was put since they were last emptied."""

    def __init__(self, store: Any, notes: dict[int, Note]) -> None:
        self.name: str = store.name
        self._store = store
        self._notes = notes
        self._journal: Undo = []

    def bind(self, journal: Undo) -> None:
        """From now on, notes are taken back with what they tell of."""
        self._journal = journal
        self._store.bind(journal)

    def put(self, *arguments: Any) -> Any:
        """As the store's own."""
        given = self._store.put(*arguments)
        number = len(self._notes)
        self._notes[number] = (self.name, arguments)
        self._journal.append((self._notes, number, MISSING))
        return given

    def put_at(self, key: Any, at: tuple[int, ...], value: Any, timestamp: int) -> None:
        """As the store's own; noted as a `put` of the key with its times."""
        self.put((key, *at), value, timestamp)

    def __getattr__(self, name: str) -> Any:
        """All else is the store's."""
        return getattr(self._store, name)
