"""Standard input for commands that run on an event loop. Knows nothing of what it reads."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from typing import IO

_SIZE = 256 * 1024
_AHEAD = 4


class Chunks:
    """What arrives in a file, pipe or terminal, piece by piece; the last piece is empty.

    A thread of its own reads, one that does not keep the process alive: a read of a terminal cannot be
    interrupted.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_AHEAD)

    @property
    def waiting(self) -> bool:
        """Whether nothing has arrived that was not given yet."""
        return self._queue.empty()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), daemon=True).start()
        while chunk := await self._queue.get():
            yield chunk
        yield b""

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        chunk = b"-"
        while chunk:
            chunk = os.read(self._file.fileno(), _SIZE)
            try:
                asyncio.run_coroutine_threadsafe(self._queue.put(chunk), loop).result()
            except RuntimeError:
                return  # the command has ended and its loop is closed
