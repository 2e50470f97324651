"""Lets SIGTERM end a run in good order, so that neither its worker nor its broker outlives it.

Knows nothing of what is run.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

CODE = 128 + signal.SIGTERM
"""What a shell says of a process that SIGTERM has ended."""


class Ending:
    """While it is entered, SIGTERM raises `SystemExit`; in `run` it cancels what is run, and then does."""

    def __enter__(self) -> Ending:
        self._before = signal.signal(signal.SIGTERM, _end)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """As `asyncio.run`: the coroutine alone is cancelled, so it can clean up with what else runs."""
        try:
            return asyncio.run(_cancelled_by_sigterm(coroutine))
        except asyncio.CancelledError:
            raise SystemExit(CODE) from None


async def _cancelled_by_sigterm(coroutine: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - tells mypy: a coroutine that runs is one
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await coroutine
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(CODE)
