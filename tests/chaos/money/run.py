"""The course of the money test: stock, orders, copies of events, kills, and in the end the books.

Knows nothing of what the books must say.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from email import message_from_bytes
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec
from aiosmtpd.smtp import SMTP, Envelope

from streamapp import Publisher, Topic
from streamapp.kafka.publisher import RecordPublisher
from tests.chaos.money.books import Books
from tests.chaos.money.public import deliveries, public
from tests.chaos.scene import TIMES
from tests.chaos.workers import Worker, start_worker, until
from topologies.customer_dashboard import Customer
from topologies.events import (
    DELIVERIES,
    EMAILS,
    ORDER_HISTORY,
    ORDERS,
    PAYMENTS,
    SHIPMENTS,
    STOCK,
    OrderPlaced,
)
from topologies.order import FINAL
from topologies.orders_read_model import OrderView
from topologies.shelf import Shelf

TOPOLOGIES = ("orders", "inventory", "billing", "shipping", "email", "orders-read-model", "customer-dashboard")

COPIED = 0.05
"""Share of the events that are put on their topic a second time, by somebody who does not know that they are there."""

BUSY_EVERY, BUSY_FIRST = 100, 10
"""Of so many letters the mail server does not take one now, beginning with this one."""

AT_ONCE = 20
"""Requests under way together."""

V = TypeVar("V")


class Mailbox:
    """A mail server that notes Message-IDs, and now and then is too busy to take a letter."""

    def __init__(self) -> None:
        self.letters: Counter[str] = Counter()
        self.busy = 0
        """How often it was."""
        self._asked = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Takes one letter."""
        self._asked += 1
        if self._asked % BUSY_EVERY == BUSY_FIRST:
            self.busy += 1
            return "451 try again later"
        content = envelope.content or b""
        sent = message_from_bytes(content if isinstance(content, bytes) else content.encode())
        self.letters[str(sent["Message-ID"])] += 1
        return "250 OK"


class Money:
    """One run of `orders` orders and `kills` kills on a broker that runs."""

    def __init__(self, bootstrap: str, folder: Path, seed: int, orders: int, kills: int) -> None:
        self._bootstrap, self._folder = bootstrap, folder
        self._chance = Random(seed)
        self._orders, self._kills = orders, kills
        self._mailbox = Mailbox()
        self._workers: list[Worker] = []
        self._copied: set[str] = set()
        self.killed = 0
        self.copies = 0

    @property
    def busy(self) -> int:
        """How often the mail server did not take a letter."""
        return self._mailbox.busy

    async def run(self) -> Books:
        """Does it all, and gives the books."""
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(self._mailbox), "127.0.0.1", 0)
        self._environment = TIMES | {
            "STREAMAPP_TRANSACTION_TIMEOUT": "30",  # on a busy machine a commit may take long
            "STREAMAPP_BOOTSTRAP_SERVERS": self._bootstrap,
            "STREAMAPP_APPLICATION": "money",
            "STREAMAPP_TOPOLOGIES": "topologies:TOPOLOGIES",
            "STREAMAPP_STATE_DIR": str(self._folder / "state"),
            "STREAMAPP_WEB_PORT": "0",
            "SHOP_SMTP": f"127.0.0.1:{server.sockets[0].getsockname()[1]}",
        }
        await self._command("topics", "create", "--all", "--partitions", "4", "--config", "retention.ms=-1")
        try:
            async with RecordPublisher(self._bootstrap) as self._sender:
                self._publisher = Publisher(self._sender, "money", lambda: int(time.time() * 1000))
                await self._trade()
                await until(self._settled, "all orders in a final state", 600.0 + self._orders / 10)
                return await self._books()
        finally:
            for worker in self._workers:
                worker.kill()
            server.close()

    # -- what happens ------------------------------------------------------------------------------------------------

    async def _trade(self) -> None:
        self._start()
        await self._workers[-1].ready()
        for delivery in deliveries(self._orders):
            await self._publisher.publish(DELIVERIES, delivery.country, delivery)
        await until(self._stocked, "deliveries on their shelves")
        events = list(public(self._orders, self._chance))
        until_kill = max(1, len(events) // (self._kills + 1))
        for first in range(0, len(events), until_kill):
            for at in range(first, min(first + until_kill, len(events)), AT_ONCE):
                group = events[at : min(at + AT_ONCE, first + until_kill)]
                await asyncio.gather(*(self._say(event) for event in group))
            if self.killed < self._kills:
                await self._kill()
        await self._copy()

    async def _say(self, event: Any) -> None:
        published = await self._publisher.publish(ORDERS, event.order_id, event)
        if self._chance.random() < COPIED:
            self.copies += 1
            await self._publisher.publish(ORDERS, event.order_id, event, event_id=published.id)

    async def _copy(self) -> None:
        """Puts some of what the shop has said so far on the topics again, as it was."""
        for topic in (STOCK, PAYMENTS, SHIPMENTS):
            rows = [row async for row in self._sender.read(topic.name, 0)]
            for _, _, key, value, headers in rows:
                event = _id(headers)
                if event not in self._copied and self._chance.random() < COPIED:
                    self.copies += 1
                    await self._sender.send(topic.name, key, value, headers, int(time.time() * 1000))
                self._copied.add(event)

    def _start(self) -> None:
        name = f"worker-{len(self._workers)}"
        self._workers.append(start_worker(["worker", *TOPOLOGIES], self._environment, self._folder, name))

    async def _kill(self) -> None:
        """Kills the worker in the middle of its work; every third time its state is lost with it."""
        worker = self._workers[-1]
        await worker.ready()
        before = await self._told()
        await until(lambda: self._beyond(before), "an order that was worked on")
        self.killed += worker.kill()
        if self.killed % 3 == 0:
            shutil.rmtree(self._folder / "state")
        await self._copy()
        self._start()

    async def _told(self) -> int:
        return len([row async for row in self._sender.read(ORDER_HISTORY.name, 0)])

    async def _beyond(self, count: int) -> bool:
        return await self._told() > count

    async def _stocked(self) -> bool:
        """Whether what was delivered is on the shelves: orders and deliveries have no order among each other."""
        return len(await self._table("inventory", "shelves", Shelf)) == len(list(deliveries(self._orders)))

    # -- what came of it ---------------------------------------------------------------------------------------------

    async def _settled(self) -> bool:
        """Whether every order is in its final state, the letters are out and nobody has anything left to do."""
        if (code := self._workers[-1].code) is not None:
            raise AssertionError(f"the worker has ended with {code}:\n{self._workers[-1].log[-3000:]}")
        statuses = {entry.order_id: entry.status async for entry in self._values(ORDER_HISTORY)}
        done = len(statuses) >= self._orders and all(status in FINAL for status in statuses.values())
        if not done or len(self._mailbox.letters) < self._orders:
            await asyncio.sleep(1)
            return False
        lags = [msgspec.json.decode(await self._command(name, "lag", "--json"))["lag"] for name in TOPOLOGIES]
        return not any(lags)

    async def _books(self) -> Books:
        orders = {event.order_id: event async for event in self._values(ORDERS) if isinstance(event, OrderPlaced)}
        return Books(
            orders=orders,
            deliveries=[value async for value in self._values(DELIVERIES)],
            payments=await self._events(PAYMENTS),
            shipments=await self._events(SHIPMENTS),
            emails=await self._events(EMAILS),
            history=[entry async for entry in self._values(ORDER_HISTORY)],
            shelves=await self._table("inventory", "shelves", Shelf),
            views=await self._table("orders-read-model", "order-views", OrderView),
            customers=await self._table("customer-dashboard", "customers", Customer),
            letters=self._mailbox.letters,
        )

    async def _values(self, topic: Topic[str, V]) -> AsyncIterator[V]:
        async for value, _, _ in self._publisher.recorded(topic, 0):
            yield value

    async def _events(self, topic: Topic[str, V]) -> dict[str, V]:
        return {headers["ce_id"]: value async for value, headers, _ in self._publisher.recorded(topic, 0)}

    async def _table(self, topology: str, name: str, kind: type[V]) -> dict[str, V]:
        rows = map(msgspec.json.decode, (await self._command(topology, "table", name)).splitlines())
        return {row["key"]: msgspec.convert(row["value"], kind) for row in rows}

    async def _command(self, *arguments: str) -> str:
        name = "-".join(arguments[:3])
        command = start_worker(list(arguments), self._environment, self._folder, name)
        if await command.ended():
            raise AssertionError(f"{arguments} has failed:\n{command.log}")
        return command.out.read_text(encoding="utf-8")


def _id(headers: Any) -> str:
    return (dict(headers)["ce_id"] or b"").decode()
