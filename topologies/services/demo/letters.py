"""The mail server of the demo: takes every letter, and notes whom it was about. Knows nothing of what is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from typing import Any


class Mailbox:
    """Notes the Message-IDs of letters in `seen`."""

    def __init__(self, seen: set[str]) -> None:
        self._seen = seen

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Takes one letter."""
        self._seen.add(str(message_from_bytes(envelope.content)["Message-ID"]))
        return "250 OK"


@asynccontextmanager
async def mail_server(seen: set[str]) -> AsyncIterator[str]:
    """The address, `host:port`, of a mail server that runs as long as this."""
    from aiosmtpd.smtp import SMTP  # late: every command imports this package's neighbours

    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Mailbox(seen)), "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
