"""The planted error `state-before-commit`: stores are written while the transaction may still be aborted.

Knows nothing of when.
"""

from __future__ import annotations

from streamapp.state import Position
from streamapp.worker.tasks import Tasks


def write_stores(tasks: Tasks) -> None:
    """Writes what is dirty, as if it had been committed; the position stays that of the last commit."""
    for task in tasks.open.values():
        task.state.commit(task.state.position or Position())
