"""Asks again while a cluster is busy with itself: leader elections, a coordinator that loads, a broker that restarts.

Knows nothing of what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import KafkaError

from streamapp.kafka.errors import RetriableKafkaError, explain

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0

PATIENCE = 30.0
"""Seconds something may take that a healthy cluster does in milliseconds."""

T = TypeVar("T")


async def persistently(attempt: Callable[[], Awaitable[T]], doing: str, patience: float = PATIENCE) -> T:
    """Calls `attempt` until it succeeds, with growing pauses of at most 1 s; `doing` says what it tries.

    Raises at once, as one of our errors, what will not get better, and `RetriableKafkaError` after `patience` seconds.
    """
    last: Exception | None = None
    pause = _FIRST_PAUSE
    try:
        async with asyncio.timeout(patience):
            while True:
                try:
                    return await attempt()
                except (KafkaError, OSError) as error:
                    if isinstance(error, KafkaError) and not error.retriable:
                        raise explain(error, doing) from error
                    last = error
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
    except TimeoutError as error:
        raise RetriableKafkaError(f"{doing}: no success within {patience:.0f} s, at last {last!r}") from (last or error)
