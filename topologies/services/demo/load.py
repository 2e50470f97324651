"""The public at work: orders over HTTP, everything else through the pipes of `streamapp produce`.

A few records are malformed on purpose, to show what becomes of such. Knows nothing of what answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from topologies.events import ACTIVITY, MESSAGES, RETAIL
from topologies.services.demo.commands import Command
from topologies.services.demo.ledger import Ledger
from topologies.services.shoppers import Shoppers, invoice

if TYPE_CHECKING:
    from aiohttp import ClientSession

ORDERS_A_SECOND = 20
ACTIVITIES_A_SECOND = 40
MESSAGES_A_SECOND = 5

CANCELLED_EVERY = 20
"""Of so many orders one is cancelled at once: sometimes in time, sometimes not."""

MALFORMED_EVERY = 100
"""Of so many records of a topic one is cut off."""
MALFORMED_FIRST = 10

PIPED = (ACTIVITY.name, MESSAGES.name, RETAIL.name)
"""The topics that are written through a pipe."""

DEAD_LETTERS_OF = {ACTIVITY.name: "enrichment", RETAIL.name: "revenue"}
"""The topology that finds a topic's malformed records."""


class Load:
    """What `public` does until `ended`, noted in `ledger`; `run` names this run in keys of malformed records."""

    def __init__(self, public: Shoppers, ledger: Ledger, pipes: Mapping[str, Command], run: str) -> None:
        self.refused = 0
        """Orders and cancellations that were not accepted."""
        self._public = public
        self._ledger = ledger
        self._pipes = pipes
        self._run = run
        self._written = dict.fromkeys(pipes, 0)

    async def work(self, session: ClientSession, url: str, ended: asyncio.Event) -> None:
        """Orders at the checkout at `url`, looks around and writes messages, until `ended`."""
        await asyncio.gather(self._order(session, url, ended), self._look_around(ended), self._message(ended))

    async def _order(self, session: ClientSession, url: str, ended: asyncio.Event) -> None:
        rows = 0
        async for _ in ticks(ORDERS_A_SECOND, ended):
            body = self._public.checkout()
            async with session.post(f"{url}/checkout", json=body) as response:
                answer = await response.json()
            if response.status != 202:
                self.refused += 1
                continue
            self._ledger.orders.add(answer["order_id"])
            if len(self._ledger.orders) % CANCELLED_EVERY == 0:
                async with session.post(f"{url}/orders/{answer['order_id']}/cancel") as cancelled:
                    self.refused += cancelled.status != 202
            for row in invoice(body, answer["order_id"], rows):
                await self._write(RETAIL.name, row.customer, row)
                rows += 1

    async def _look_around(self, ended: asyncio.Event) -> None:
        async for _ in ticks(ACTIVITIES_A_SECOND, ended):
            activity = self._public.activity()
            await self._write(ACTIVITY.name, activity.user_id, activity)

    async def _message(self, ended: asyncio.Event) -> None:
        async for _ in ticks(MESSAGES_A_SECOND, ended):
            await self._write(MESSAGES.name, None, self._public.message())

    async def _write(self, topic: str, key: str | None, value: Any) -> None:
        number = self._written[topic]
        self._written[topic] = number + 1
        await self._pipes[topic].write(line(key, value))
        if topic in DEAD_LETTERS_OF and number % MALFORMED_EVERY == MALFORMED_FIRST:
            bad = f"malformed-{self._run}-{topic}-{number}"
            self._ledger.malformed.add(bad)
            await self._pipes[topic].write(line(bad, msgspec.json.encode(value)[:-7].decode()))


def line(key: str | None, value: Any) -> bytes:
    """A record as a line of `streamapp produce`; a text is written as it is, anything else as JSON."""
    return msgspec.json.encode({"key": key, "value": value})


async def ticks(rate: float, ended: asyncio.Event) -> AsyncIterator[int]:
    """Counts from 0, up to `rate` times a second, until `ended`; what was missed is not made up for."""
    number = 0
    while not ended.is_set():
        yield number
        number += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 1 / rate)
