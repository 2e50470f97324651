"""How soon the checkout answers: `POST /checkout` and `POST /orders/ID/cancel` over HTTP, until Kafka has the event.

Each order is cancelled at once, so that both requests alternate; by one customer, then by several at a time. The
service is a process of its own, as it is in the shop; who asks shares the machine with it and the broker.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession

from bench.measure import ROOT, Bench
from bench.spread import percentiles
from bench.trouble import BenchError
from topologies.services.demo.commands import Commands, DemoError

TOPIC = "orders"
REQUESTS = 500
"""Of each kind, by as many customers as there are."""

AT_ONCE = (1, 8)
WARM_UP = 20
BODY = {"customer_id": "ada", "country": "France", "lines": [{"sku": "22423", "quantity": 2, "unit_price": "12.75"}]}


async def answering(bench: Bench, n: int) -> list[dict[str, Any]]:
    """p50, p99 and the greatest, in ms, of both requests, for each number of customers; at most 500 orders, or `n`."""
    if TOPIC not in await bench.admin.list():
        await bench.admin.create(TOPIC, 4, {"retention.ms": "-1"}, 1)
    rows: list[dict[str, Any]] = []
    async with _checkout(bench) as url, ClientSession() as session:
        await _shop(session, url, WARM_UP)
        for at_once in AT_ONCE:
            each = max(1, min(n, REQUESTS) // at_once)
            found = await asyncio.gather(*(_shop(session, url, each) for _ in range(at_once)))
            for place, request in enumerate(("checkout", "cancel")):
                taken = [ms for customer in found for ms in customer[place]]
                row = {"measure": "checkout", "request": request, "at_once": at_once, "requests": len(taken)}
                rows.append({**row, **percentiles(taken)})
    return rows


async def _shop(session: ClientSession, url: str, orders: int) -> tuple[list[float], list[float]]:
    """One customer, who orders and cancels; ms until each answer."""
    placing, cancelling = list[float](), list[float]()
    for _ in range(orders):
        ms, answer = await _post(session, f"{url}/checkout", BODY)
        placing.append(ms)
        ms, _ = await _post(session, f"{url}/orders/{answer['order_id']}/cancel", {})
        cancelling.append(ms)
    return placing, cancelling


async def _post(session: ClientSession, url: str, body: dict[str, Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    async with session.post(url, json=body) as response:
        answer = await response.json()
    ms = (time.perf_counter() - began) * 1000
    if response.status != 202:
        raise BenchError(f"{url} has answered {response.status}: {answer}")
    return ms, answer


@asynccontextmanager
async def _checkout(bench: Bench) -> AsyncIterator[str]:
    """The address of a checkout that runs."""
    commands = Commands(
        {**os.environ, "PYTHONPATH": str(ROOT), "STREAMAPP_SERVICES": "topologies:SERVICES"}, bench.folder
    )
    try:
        service = await commands.start("checkout", "--port", "0", "--bootstrap-servers", bench.bootstrap)
        try:
            url = (await service.ready())["url"]
        except DemoError as error:
            raise BenchError(str(error)) from error
        yield url
    finally:
        await commands.stop()
