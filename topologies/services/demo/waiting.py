"""Waiting for events and times, and for one thing unless another comes first. Knows nothing of the demo."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from topologies.services.demo.commands import DemoError


async def after(event: asyncio.Event, seconds: float | None, then: asyncio.Event | None = None) -> None:
    """Returns when `event` is set or `seconds` have passed, and sets `then`."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        pass
    finally:
        if then:
            then.set()


async def unless(ended: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Does `work`; raises `DemoError` when `ended` is set before it is done."""
    doing = asyncio.create_task(work)
    waiting = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise DemoError("ended before the shop was open")
        await doing
    finally:
        for task in (doing, waiting):
            task.cancel()
        await asyncio.gather(doing, waiting, return_exceptions=True)


def first_of(errors: BaseExceptionGroup[Any]) -> BaseException:
    """The first error of a group, however deep."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
