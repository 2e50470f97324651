"""Server-sent events: something is looked at again and again, and sent when it has changed.

Ends when the reader leaves or the server stops. Knows nothing of what is sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

from streamapp.web.problem import Problem

logger = logging.getLogger(__name__)

Look: TypeAlias = Callable[[], Awaitable[bytes | None]]
"""Gives what is new, or None."""

HEARTBEAT = 15.0
"""Seconds of silence after which a comment shows that the line still works."""
_RETRY_MS = 2000


class Streams:
    """The streams of one server; `close` ends them all, so that a stop does not wait for readers."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()

    async def close(self, _app: web.Application) -> None:
        """Ends every stream now."""
        self._closing.set()

    async def serve(self, request: web.Request, event: str, look: Look, seconds: float) -> web.StreamResponse:
        """Sends what `look` gives, at once and then whenever it is not None, looking every so many seconds.

        What the first look raises is the answer; later the stream ends, so that the reader asks again and is told.
        """
        first = await look()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        response.headers["X-Accel-Buffering"] = "no"
        try:
            await response.prepare(request)
            await response.write(f"retry: {_RETRY_MS}\n\n".encode() + (b"" if first is None else message(event, first)))
            await self._send(request, response, event, look, seconds)
        except (ConnectionError, Problem):
            logger.debug("%s ends", request.path)
        except Exception:
            logger.exception("%s ends", request.path)  # its head is sent: there can be no other answer
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, event: str, look: Look, seconds: float
    ) -> None:
        """Looks less often when a look takes long, so that it is busy for a fifth of the time at most."""
        clock = asyncio.get_running_loop().time
        pause, silent = seconds, 0.0
        while not await self._closes_within(pause) and _listens(request):
            began = clock()
            data = await look()
            silent += pause
            pause = max(seconds, 4 * (clock() - began))
            if data is None and silent < HEARTBEAT:
                continue
            await response.write(b":\n\n" if data is None else message(event, data))
            silent = 0.0

    async def _closes_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return False
        return True


def message(event: str, data: bytes) -> bytes:
    """One event; each line of the data is a line of its own."""
    lines = b"".join(b"data: " + line + b"\n" for line in data.splitlines() or [b""])
    return b"event: " + event.encode() + b"\n" + lines + b"\n"


def changed(make: Callable[[], Awaitable[bytes]]) -> Look:
    """A look that gives what `make` makes when it differs from the last time."""
    last: bytes | None = None

    async def look() -> bytes | None:
        nonlocal last
        made = await make()
        if made == last:
            return None
        last = made
        return made

    return look


def on_version(version: Callable[[], object], make: Callable[[], Awaitable[bytes]]) -> Look:
    """A look that makes anew only when `version` has changed, the first time in any case."""
    last: object = object()

    async def look() -> bytes | None:
        nonlocal last
        now = version()
        if now == last:
            return None
        last = now
        return await make()

    return look


def _listens(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
