"""Places where a worker can be made to die, for tests of what survives: `STREAMAPP_FAIL_POINT=NAME:HIT`.

The process kills itself with SIGKILL when it passes the place NAME for the HIT-th time, so that nothing is flushed,
closed or answered any more. Without the variable a pass is a call of an empty function, once a batch or a commit and
never once a record. Whoever runs several workers in one process, as the simulator does, sets `PASSING` in the context
of each one's tasks. Knows nothing of what happens at the places.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextvars import ContextVar

from streamapp.errors import ConfigurationError

VARIABLE = "STREAMAPP_FAIL_POINT"

POINTS: Mapping[str, str] = {
    "assigned": "the group has given partitions, none of them is taken over yet",
    "opened": "the stores of new tasks are open, nothing is restored",
    "restoring": "rows of a log were written to a store, perhaps not the last",
    "restored": "every store is complete, nothing is fetched yet",
    "fetched": "records have come in, none is queued",
    "before-process": "a batch is about to be processed",
    "after-process": "a batch is processed, its outputs are with the writer",
    "outputs-sent": "outputs are on their way to the broker, perhaps there",
    "before-commit": "a commit is due, nothing of it has happened",
    "changelog-sent": "the changed rows of a commit are with the writer",
    "flushed": "outputs and changelog are acknowledged, no offset is sent",
    "offsets-sent": "the offsets are in the transaction; at least once: they are committed",
    "before-end-transaction": "the transaction is complete and not ended",
    "after-end-transaction": "the transaction is final, the stores know nothing of it",
    "before-store": "one more task's store is about to be written",
    "after-store": "a task's store is written, perhaps not that of the next",
    "committed": "Kafka and all stores agree",
    "revoked": "the group takes partitions away, the last work on them is not committed",
    "revoked-committed": "the group takes partitions away, the last work on them is committed",
    "before-abort": "work since the last commit is about to be undone",
    "aborted": "Kafka has forgotten the work since the last commit, the stores' overlays have not",
    "last-commit": "the last commit before a clean stop is done, the group is not left",
}
"""Every place in the order a record passes them, with what is true there."""


def armed(value: str | None, die: Callable[[], None]) -> Callable[[str], None]:
    """What to call at every place: nothing, or what counts down to `die` for a `value` of `NAME:HIT`.

    Raises `ConfigurationError` for any other value.
    """
    if not value:
        return _pass_by
    name, _, count = value.partition(":")
    if name not in POINTS or not count.isdecimal() or int(count) < 1:
        raise ConfigurationError(
            f"environment variable {VARIABLE} is {value!r}: give NAME:HIT, the HIT-th pass from 1 of a place that "
            "'streamapp fail-points' lists, or remove it"
        )
    left = int(count)

    def count_down(point: str) -> None:
        nonlocal left
        if point == name:
            left -= 1
            if left == 0:
                die()

    return count_down


def _pass_by(point: str) -> None:
    """Nobody waits at any place."""


def _kill() -> None:
    os.write(2, f"fail point {os.environ[VARIABLE]} is reached: SIGKILL\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


_PASS = armed(os.environ.get(VARIABLE), _kill)

PASSING: ContextVar[Callable[[str], None]] = ContextVar("PASSING", default=_PASS)
"""What is called at every place."""


def reach(point: str) -> None:
    """Called with the name of each place when it is passed."""
    PASSING.get()(point)
