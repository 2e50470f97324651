"""The storefront over HTTP: what it shows, how it waits for a position, and what it says when rows cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streamapp import Publisher
from tests.topologies.test_checkout import NOW, Sender
from topologies.orders_read_model import of_customer
from topologies.services import storefront


class Worker:
    """Takes the place of a worker's API: tables by name, and the tasks it has not got."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Any]] = {
            "order-views": {},
            "orders-by-customer": {},
            "passed": {},
            "customers": {},
        }
        self.incomplete: list[str] = []
        self.asked = asyncio.Event()

    async def rows(self, request: web.Request) -> web.Response:
        """One row to a page, so that there are pages."""
        table, query = self.tables[request.match_info["table"]], request.query
        self.asked.set()
        found = [
            {"key": key, "value": value}
            for key, value in sorted(table.items())
            if key == query.get("key") or ("prefix" in query and key.startswith(query["prefix"]))
        ]
        at = int(query.get("cursor", 0))
        more = str(at + 1) if at + 1 < len(found) else None
        return web.json_response({"items": found[at : at + 1], "next": more, "incomplete": self.incomplete})

    def application(self) -> web.Application:
        """It as a server."""
        made = web.Application()
        made.router.add_get("/api/v1/topologies/{topology}/tables/{table}", self.rows)
        return made


@pytest_asyncio.fixture
async def workers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two workers, each with some of the tasks."""
    one, two = Worker(), Worker()
    one.incomplete, two.incomplete = ["0_1"], ["0_0"]
    async with TestServer(one.application()) as first, TestServer(two.application()) as second:
        monkeypatch.setenv("SHOP_WORKERS", f"{first.make_url('/')}, {second.make_url('/')}")
        monkeypatch.setenv("SHOP_PATIENCE", "0.2")
        yield one, two


@pytest_asyncio.fixture
async def client(workers: tuple[Worker, Worker]) -> AsyncIterator[TestClient[Any, Any]]:
    """A customer of the storefront."""
    publisher = Publisher(Sender(), storefront.service.name, lambda: NOW)
    async with TestClient(TestServer(storefront.build(publisher))) as made:
        yield made


async def test_an_order_is_found_in_whatever_worker_it_is(
    client: TestClient[Any, Any], workers: tuple[Worker, Worker]
) -> None:
    """As its view says; an order that is nowhere is 404 with a word on what to do."""
    workers[1].tables["order-views"]["o-1"] = {"status": "paid"}
    response = await client.get("/orders/o-1")
    assert (response.status, await response.json()) == (200, {"status": "paid"})
    missing = await client.get("/orders/o-2")
    assert missing.status == 404
    assert "add ?position=TOPIC/PARTITION/OFFSET" in (await missing.json())["error"]


async def test_the_orders_of_a_customer_are_those_of_all_workers(
    client: TestClient[Any, Any], workers: tuple[Worker, Worker]
) -> None:
    """Over all pages; one whose name begins the same is another customer."""
    for worker, number in ((workers[0], 1), (workers[0], 2), (workers[1], 3)):
        row = {"order_id": f"o-{number}", "customer_id": "ada"}
        worker.tables["orders-by-customer"][of_customer("ada", f"o-{number}")] = row
    workers[1].tables["orders-by-customer"][of_customer("ada\tb", "o-4")] = {"order_id": "o-4", "customer_id": "ada\tb"}
    answer = await (await client.get("/orders", params={"customer": "ada"})).json()
    assert [row["order_id"] for row in answer["items"]] == ["o-1", "o-2", "o-3"]
    assert (await client.get("/orders")).status == 400


async def test_an_answer_waits_for_its_position(client: TestClient[Any, Any], workers: tuple[Worker, Worker]) -> None:
    """Until the projection has passed it: not a moment before, and then at once."""
    worker = workers[0]
    worker.tables["passed"]["orders/3"] = 6
    asked = asyncio.create_task(client.get("/orders/o-1?position=orders/3/7"))
    await worker.asked.wait()
    assert not asked.done()
    worker.tables["order-views"]["o-1"] = {"status": "placed"}
    worker.tables["passed"]["orders/3"] = 7
    response = await asked
    assert (response.status, await response.json()) == (200, {"status": "placed"})


async def test_a_customer_waits_for_their_own_position(
    client: TestClient[Any, Any], workers: tuple[Worker, Worker]
) -> None:
    """Their row says how far it is."""
    workers[1].tables["customers"]["ada"] = {"orders": 1, "passed": {"orders/3": 7}}
    assert (await client.get("/customers/ada?position=orders/3/7")).status == 200
    assert (await client.get("/customers/ada?position=orders/3/8")).status == 504
    assert (await client.get("/customers/ada?position=orders/2/1")).status == 504


async def test_a_position_that_is_not_passed_in_time_is_said(client: TestClient[Any, Any]) -> None:
    """504, when to ask again, and for what."""
    response = await client.get("/orders/o-1?position=orders/3/7")
    assert (response.status, response.headers["Retry-After"]) == (504, "1")
    assert (await response.json())["error"].startswith("position orders/3/7 has not been passed within 0.2 s")


@pytest.mark.parametrize("text", ["", "orders", "orders/3", "orders/x/7", "orders/3/-1", "orders/3/7/8"])
async def test_what_is_no_position_is_refused(client: TestClient[Any, Any], text: str) -> None:
    """400, with an example."""
    response = await client.get("/orders/o-1", params={"position": text})
    answer = await response.json()
    assert (response.status, answer["field"]) == (400, "position")
    assert "give TOPIC/PARTITION/OFFSET, such as orders/3/1234" in answer["error"]


async def test_rows_that_nobody_has_are_said_to_be_missing(
    client: TestClient[Any, Any], workers: tuple[Worker, Worker]
) -> None:
    """503 rather than a 404 that may be wrong; the tasks are named."""
    workers[1].incomplete = ["0_0", "0_1"]
    response = await client.get("/orders/o-1")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert "no worker has 0_1 of topology 'orders-read-model'" in (await response.json())["error"]


async def test_a_worker_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    monkeypatch.setenv("SHOP_WORKERS", "http://127.0.0.1:1")
    publisher = Publisher(Sender(), storefront.service.name, lambda: NOW)
    async with TestClient(TestServer(storefront.build(publisher))) as client:
        response = await client.get("/orders/o-1")
        error = (await response.json())["error"]
    assert response.status == 503
    assert "http://127.0.0.1:1/api/v1" in error
    assert "start one with 'streamapp worker', or name all of them in SHOP_WORKERS" in error
