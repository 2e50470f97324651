"""The console with a runtime in memory, on a free port of loopback, in a thread of its own.

Knows nothing of browsers.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from streamapp.web import console
from tests.unit.web.memory import MemoryRuntime


class Served:
    """A server and the runtime it shows; `change` it only by `call`."""

    def __init__(self, runtime: MemoryRuntime) -> None:
        self.runtime = runtime
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(console(runtime), shutdown_timeout=1.0)

    async def start(self) -> None:
        """Listens."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def call(self, change: Callable[[], object]) -> None:
        """Runs `change` on the server's event loop and returns when it is done."""

        async def run() -> None:
            change()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    @classmethod
    @contextmanager
    def running(cls, runtime: MemoryRuntime) -> Iterator[Served]:
        """A server that listens until the block ends."""
        served = cls(runtime)
        thread = threading.Thread(target=served._loop.run_forever, name="console")
        thread.start()
        asyncio.run_coroutine_threadsafe(served.start(), served._loop).result(10)
        try:
            yield served
        finally:
            asyncio.run_coroutine_threadsafe(served._runner.cleanup(), served._loop).result(10)
            served._loop.call_soon_threadsafe(served._loop.stop)
            thread.join(10)
            served._loop.close()
