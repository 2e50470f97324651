"""Stream time that goes on by the clock of the machine while no records come, so that windows close all the same.

Off unless a topology has an idle timeout. Each step's time goes on from where it stands, by as much as has passed; a
step that has seen no record stays where it is. What comes after a silence may then be late that would have been in
time: the machine cannot tell a silence from a pause of the network. Kafka Streams has no such thing. Knows nothing of
tasks or of what steps do when time passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streamapp.engine.operator import BEFORE_ALL, Context
from streamapp.engine.records import Headers


class Silence:
    """How long no record has come; `timeout` in ms, None: nobody asks."""

    __slots__ = ("_since", "_timeout")

    def __init__(self, timeout: int | None) -> None:
        self._timeout = timeout
        self._since: int | None = None

    def broken(self, now: int) -> None:
        """Something has come, or waits to be processed, at `now` (ms)."""
        self._since = now

    def begin(self) -> None:
        """It counts from the next time that it is asked."""
        self._since = None

    @property
    def ends_at(self) -> int | None:
        """When (ms) time goes on unless a record comes; None when it does not."""
        return None if self._timeout is None or self._since is None else self._since + self._timeout

    def passed(self, now: int) -> int:
        """By how much (ms) time goes on at `now`: all that has passed, once that is as long as the timeout."""
        if self._since is None:
            self._since = now
        by = now - self._since
        if self._timeout is None or by < self._timeout:
            return 0
        self._since = now
        return by


def on_silence(context: Context, clock: str, then: Callable[[int], object]) -> None:
    """Has a step's `clock` go on in silence, and `then` called with what it shows (ms)."""
    context.clock(clock)
    context.silences.append((clock, then))


def close_in_silence(context: Context, clock: str, wait: int, emit: Callable[[int, Headers], None] | None) -> None:
    """Has a step's `clock` go on in silence, and windows emitted that have ended `wait` ms or longer before."""
    on_silence(context, clock, _nothing if emit is None else lambda now: emit(now - wait, ()))


def _nothing(now: int) -> None:
    """Time goes on, and that is all."""


def moved(context: Context, by: int, topics: Iterable[str]) -> list[tuple[Callable[[int], object], int]]:
    """Moves the clocks of all steps, and those of `topics`, on by `by` ms; gives what is to be called with what time.

    In the order of the steps. All clocks go on before anything is called: what one step passes on then is no news of
    the time for the steps behind.
    """
    times = context.times
    for clock in {clock for clock, _ in context.silences}.union(topics):
        if times[clock] != BEFORE_ALL:
            times[clock] += by
    return [(then, times[clock]) for clock, then in reversed(context.silences) if times[clock] != BEFORE_ALL]
