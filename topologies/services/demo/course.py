"""The course of the demo: the shop opens, the public comes, the shop closes, and what happened is counted.

Counted twice: as it happens, and at the end from the topics, when the worker has ended and nothing moves any more.
Knows nothing of arguments or signals.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topologies.analytics.events import SENSOR_SETTINGS
from topologies.events import EMAILS, FRAUD_RULES, PAYMENTS, USERS
from topologies.services.demo.commands import Command, Commands, DemoError
from topologies.services.demo.ledger import Ledger, is_answer
from topologies.services.demo.letters import mail_server
from topologies.services.demo.load import PIPED, Load, line
from topologies.services.demo.recount import SHOWN, recounted
from topologies.services.demo.show import Show
from topologies.services.demo.tour import Tour
from topologies.services.demo.waiting import after, first_of, unless
from topologies.services.sensors import SETTINGS
from topologies.services.shoppers import RULES, Shoppers

if TYPE_CHECKING:
    from aiohttp import ClientSession

APPLICATION = "demo"

SERVICES = ("checkout", "tracker", "storefront", "feature-server")
"""The services that run beside the worker, which runs every topology that is registered: a line for each."""

WEB_PORT = 6066
PATIENCE = 60.0
"""Seconds from the last order until all of them must be settled."""


class Course:
    """One run, with all it keeps in `folder`; `ledger` and `web` (the address of the pages) are its result."""

    def __init__(self, folder: Path, show: Show) -> None:
        self.ledger = Ledger()
        self.web: str | None = None
        self._folder = folder
        self._show = show
        self._began = time.monotonic()
        self._public = Shoppers(seed=int(time.time()))
        self._commands = Commands(os.environ, folder / "logs")
        self._stops_broker = False
        self._first: float | None = None

    async def run(self, ended: asyncio.Event, seconds: float | None) -> None:
        """Trades until `ended`, or for `seconds`; raises `DemoError` when something does not work.

        Whatever happens, it stops what it has started.
        """
        from aiohttp import ClientSession  # late: every command imports this package's neighbours

        try:
            async with mail_server(self.ledger.letters) as address:
                self._commands.environment["SHOP_SMTP"] = address
                await unless(ended, self._open())
                async with ClientSession() as session:
                    await self._trade(session, ended, seconds)
                    await self._settle(session)
                    await self._walk(session)
                await self._close()
            self.ledger = await recounted(self._commands, self.ledger, APPLICATION, self._opened)
            self._show.say(f"  came out  {sentence(dict(self.ledger.shown))}")
        finally:
            await self._commands.stop()
            if self._stops_broker:
                await self._commands.run("broker", "stop", "--data", self._data)

    @property
    def _data(self) -> str:
        return str(self._folder / "broker")

    async def _open(self) -> None:
        await self._use_broker()
        self._commands.environment |= {
            "STREAMAPP_APPLICATION": APPLICATION,
            "STREAMAPP_STATE_DIR": str(self._folder),
            "STREAMAPP_TOPOLOGIES": "topologies:TOPOLOGIES",
            "STREAMAPP_SERVICES": "topologies:SERVICES",
        }
        self._show.say("topics and worker …")
        await self._commands.must("topics", "create", "--all", "--partitions", "4", "--config", "retention.ms=-1")
        port = free_or_any(WEB_PORT)
        self._commands.environment["SHOP_WORKERS"] = f"http://127.0.0.1:{port}"
        self._worker = await self._commands.start("worker", "--web-port", str(port))
        self._services = {name: await self._commands.start(name, "--port", "0") for name in SERVICES}
        self._pipes = {topic: await self._commands.start("produce", topic) for topic in PIPED}
        self._seen = {
            topic: await self._commands.start("consume", topic, "--from-beginning")
            for topic in (PAYMENTS.name, EMAILS.name)
        }
        told: dict[str, Mapping[str, Any]] = {
            USERS.name: self._public.users,
            FRAUD_RULES.name: RULES,
            SENSOR_SETTINGS.name: SETTINGS,
        }
        await asyncio.gather(*(self._tell(topic, rows) for topic, rows in told.items()))
        self._urls = {name: (await service.ready())["url"] for name, service in self._services.items()}
        self.web = (await self._worker.ready())["web"]

    async def _tell(self, topic: str, rows: Mapping[str, Any]) -> None:
        """Puts rows of a table on its topic."""
        pipe = await self._commands.start("produce", topic)
        for key, row in rows.items():
            await pipe.write(line(key, row))
        await pipe.close()

    async def _use_broker(self) -> None:
        """The cluster that was set, else a broker with data of the demo's own, started if it does not run."""
        address = os.environ.get("STREAMAPP_BOOTSTRAP_SERVERS")
        if not address:
            self._show.say("broker …")
            (other, _), (own, _) = await asyncio.gather(
                self._commands.run("broker", "status"), self._commands.run("broker", "status", "--data", self._data)
            )
            if other == 0:  # commands typed elsewhere must go on finding the user's own
                self._commands.environment["STREAMAPP_STATE_DIR"] = str(self._folder)
            self._stops_broker = own != 0
            address = (await self._commands.must("broker", "start", "--data", self._data, quiet=False)).strip()
        self._commands.environment["STREAMAPP_BOOTSTRAP_SERVERS"] = address

    async def _trade(self, session: ClientSession, ended: asyncio.Event, seconds: float | None) -> None:
        self._opened = int(time.time() * 1000)
        self._invite()
        load = Load(self._public, self.ledger, self._pipes, uuid.uuid4().hex[:8])
        closing = asyncio.Event()
        self._readers = [
            asyncio.create_task(self._follow(self._seen[PAYMENTS.name], self.ledger.payments)),
            asyncio.create_task(self._follow(self._seen[EMAILS.name], self.ledger.emails)),
        ]
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(load.work(session, self._urls, closing))
                tasks.create_task(self._watch(session, closing))
                tasks.create_task(after(ended, seconds, closing))
        except ExceptionGroup as errors:
            raise DemoError(f"the shop had to close: {first_of(errors)}") from errors
        if load.refused:
            self._show.say(f"{load.refused} requests were not accepted; the log is {self._folder / 'logs'}")
        for pipe in self._pipes.values():
            await pipe.close()

    def _invite(self) -> None:
        address = self._commands.environment["STREAMAPP_BOOTSTRAP_SERVERS"]
        self._show.say(f"open after {self._elapsed:.1f} s; Ctrl-C closes the shop\n")
        self._show.say(f"  pages     {self.web}/")
        self._show.say(f"  a table   {self.web}/topologies/revenue/tables/revenue-per-hour")
        self._show.say(f"  checkout  POST {self._urls['checkout']}/checkout, /orders/ORDER_ID/cancel")
        self._show.say(f"  clicks    POST {self._urls['tracker']}/activity")
        self._show.say(f"  an order  {self._urls['storefront']}/orders/ORDER_ID, /orders?customer=customer-001")
        self._show.say(f"  customer  {self._urls['storefront']}/customers/customer-001")
        self._show.say(f"  features  {self._urls['feature-server']}/features/customer-001")
        self._show.say(f"  e-mails   .venv/bin/streamapp consume {EMAILS.name} --bootstrap-servers {address}")
        self._show.say(f"            likewise {', '.join(SHOWN)}\n")

    async def _follow(self, command: Command, counter: Counter[str]) -> None:
        async for record in command.records():
            if counter is self.ledger.payments and not is_answer(record):
                continue
            counter[record["key"]] += 1
            if self._first is None and counter is self.ledger.emails and record["key"] in self.ledger.orders:
                self._first = self._elapsed
                self._show.say(f"the first order was paid and written about {self._first:.1f} s after the start")

    async def _watch(self, session: ClientSession, closing: asyncio.Event) -> None:
        while not closing.is_set():
            await self._look(session)
            await after(closing, 1.0)

    async def _look(self, session: ClientSession) -> int:
        """Shows how things are, and gives the lag; raises `DemoError` when a part of the shop has failed."""
        for command in (self._worker, *self._services.values(), *self._seen.values()):
            if command.ended:
                raise command.failure()
        async with session.get(f"{self.web}/api/v1/topologies") as response:
            topologies = (await response.json())["items"]
        for topology in topologies:
            if topology["state"] == "failed":
                raise DemoError(f"topology {topology['name']} has failed: {topology['error']}")
        lag = sum(topology["lag"] for topology in topologies)
        dead = sum(topology["counters"]["dead_letters"] for topology in topologies)
        totals = self.ledger.totals | {"dead_letters": dead}
        self._show.live(f"{self._elapsed:4.0f} s  {sentence(totals)}, lag {lag}", self._elapsed)
        return int(lag)

    async def _settle(self, session: ClientSession) -> None:
        """Waits until every order has its payment and e-mail, and no topology is behind, two looks in a row."""
        deadline = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 2 and time.monotonic() < deadline:
            behind = await self._look(session) or not self.ledger.settled
            quiet = 0 if behind else quiet + 1
            await asyncio.sleep(0.25)

    async def _walk(self, session: ClientSession) -> None:
        """Shows what can be asked, with the last order that is through."""
        through = self.ledger.orders & self.ledger.payments.keys()
        if through and self.web:
            for told in await Tour(session, self.web, self._urls).walk(max(through)):
                self._show.say(f"  {told}")

    async def _close(self) -> None:
        for reader in self._readers:
            reader.cancel()
        for command in (*self._services.values(), self._worker):
            if code := await command.stop():
                raise DemoError(f"{command.name} ended with exit code {code}: {command.failure()}")

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began


def sentence(totals: dict[str, int]) -> str:
    """The totals as they are shown."""
    return ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in totals.items())


def free_or_any(port: int) -> int:
    """The port if nobody listens there, else a free one."""
    for wanted in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no port is free on this machine")
