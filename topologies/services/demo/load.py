"""The public at work: orders and clicks over HTTP, everything else through the pipes of `streamapp produce`.

A few records are malformed on purpose, to show what becomes of such. Knows nothing of what answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from topologies.analytics.events import READINGS, TEMPERATURE_ALERTS
from topologies.analytics.unusual import side_of
from topologies.events import (
    ENRICHED_ACTIVITY,
    FRAUD_ALERTS,
    IMPORTANT_MESSAGES,
    LABELS,
    MESSAGES,
    ORDER_HISTORY,
    RETAIL,
    Label,
)
from topologies.features import LATE, TRAINING_ROWS
from topologies.important import is_important
from topologies.services.demo.commands import Command
from topologies.services.demo.ledger import Ledger
from topologies.services.sensors import SETTINGS, readings
from topologies.services.shoppers import THIEF, Shoppers, invoice

if TYPE_CHECKING:
    from aiohttp import ClientSession

ORDERS_A_SECOND = 20
ACTIVITIES_A_SECOND = 40
MESSAGES_A_SECOND = 5
READINGS_A_SECOND = 5

CANCELLED_EVERY = 20
"""Of so many orders one is cancelled at once: sometimes in time, sometimes not."""

LABELLED_EVERY = 10
"""Of so many orders one labels its customer, as of a moment ago: here is somebody who orders again."""

MALFORMED_EVERY = 100
"""Of so many records of a topic one is cut off."""
MALFORMED_FIRST = 10

PIPED = (READINGS.name, MESSAGES.name, LABELS.name, RETAIL.name)
"""The topics that are written through a pipe."""

DEAD_LETTERS_OF = {READINGS.name: "telemetry", RETAIL.name: "revenue"}
"""The topology that finds a topic's malformed records."""


class Load:
    """What `public` does until `ended`, noted in `ledger`; `run` names this run in keys of malformed records."""

    def __init__(self, public: Shoppers, ledger: Ledger, pipes: Mapping[str, Command], run: str) -> None:
        self.refused = 0
        """Orders, cancellations and clicks that were not accepted."""
        self._public = public
        self._ledger = ledger
        self._pipes = pipes
        self._run = run
        self._written = dict.fromkeys(pipes, 0)
        self._stolen = 0

    async def work(self, session: ClientSession, urls: Mapping[str, str], ended: asyncio.Event) -> None:
        """Orders, looks around, writes messages and measures, until `ended`; `urls` are those of the services."""
        await asyncio.gather(
            self._order(session, urls["checkout"], ended),
            self._look_around(session, urls["tracker"], ended),
            self._message(ended),
            self._measure(ended),
        )

    async def _order(self, session: ClientSession, url: str, ended: asyncio.Event) -> None:
        rows = 0
        async for _ in ticks(ORDERS_A_SECOND, ended):
            body = self._public.checkout()
            order_id = await self._place(session, url, body)
            if order_id is None:
                continue
            for row in invoice(body, order_id, rows):
                await self._write(RETAIL.name, row.customer, row)
                rows += 1

    async def _place(self, session: ClientSession, url: str, body: dict[str, Any]) -> str | None:
        """The order's id; None when it was refused. Some are cancelled at once, some are labelled."""
        async with session.post(f"{url}/checkout", json=body) as response:
            answer = await response.json()
        if response.status != 202:
            self.refused += 1
            return None
        order_id, who = str(answer["order_id"]), body["customer_id"]
        self._ledger.orders.add(order_id)
        self._ledger.due.add(ORDER_HISTORY.name)
        self._stolen += who == THIEF and "card" in body
        if self._stolen == 2:
            self._ledger.due.add(FRAUD_ALERTS.name)
        number = len(self._ledger.orders)
        if number % CANCELLED_EVERY == 0:
            await self._post(session, f"{url}/orders/{order_id}/cancel", {})
        if number % LABELLED_EVERY == 1:
            ago = time.time_ns() // 1_000_000 - LATE
            await self._write(LABELS.name, who, Label(who, ago, "orders again", 1.0))
            self._ledger.due.add(TRAINING_ROWS.name)
        return order_id

    async def _look_around(self, session: ClientSession, url: str, ended: asyncio.Event) -> None:
        async for _ in ticks(ACTIVITIES_A_SECOND, ended):
            if await self._post(session, f"{url}/activity", msgspec.to_builtins(self._public.activity())):
                self._ledger.due.add(ENRICHED_ACTIVITY.name)

    async def _post(self, session: ClientSession, url: str, body: Any) -> bool:
        async with session.post(url, json=body) as response:
            taken = response.status == 202
        self.refused += not taken
        return taken

    async def _measure(self, ended: asyncio.Event) -> None:
        said = readings()
        async for _ in ticks(READINGS_A_SECOND, ended):
            sensor, reading = next(said)
            await self._write(READINGS.name, sensor, reading)
            if side_of(reading.value, SETTINGS[sensor]) != "N":
                self._ledger.due.add(TEMPERATURE_ALERTS.name)

    async def _message(self, ended: asyncio.Event) -> None:
        async for _ in ticks(MESSAGES_A_SECOND, ended):
            message = self._public.message()
            await self._write(MESSAGES.name, None, message)
            if is_important(message):
                self._ledger.due.add(IMPORTANT_MESSAGES.name)

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
