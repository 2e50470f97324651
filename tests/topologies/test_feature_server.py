"""The features over HTTP: as of now or of a given time, and what is said when they cannot be had."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streamapp import DAY, HOUR, MINUTE, Publisher
from tests.topologies.test_checkout import NOW, Sender
from topologies.features import KEPT
from topologies.services import feature_server
from topologies.spending import Purchase

AT = 1000 * DAY


class Worker:
    """Takes the place of a worker's API: the store `purchases`, one window to a page."""

    def __init__(self) -> None:
        self.purchases: dict[str, list[Purchase]] = {}
        self.incomplete: list[str] = []

    async def rows(self, request: web.Request) -> web.Response:
        """The windows of a key from `from` to before `to`."""
        query = request.query
        found = [one for one in self.purchases.get(query["key"], []) if int(query["from"]) <= one.at < int(query["to"])]
        at = int(query.get("cursor", 0))
        items = [{"key": query["key"], "value": [msgspec.to_builtins(one)]} for one in found[at : at + 1]]
        more = str(at + 1) if at + 1 < len(found) else None
        return web.json_response({"items": items, "next": more, "incomplete": self.incomplete})


@pytest_asyncio.fixture
async def worker(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    """One that has all tasks."""
    made, application = Worker(), web.Application()
    application.router.add_get("/api/v1/topologies/features/tables/purchases", made.rows)
    async with TestServer(application) as server:
        monkeypatch.setenv("SHOP_WORKERS", str(server.make_url("/")))
        yield made


@pytest_asyncio.fixture
async def client(worker: Worker) -> AsyncIterator[TestClient[Any, Any]]:
    """A model that asks; it is `AT`."""
    publisher = Publisher(Sender(), feature_server.service.name, lambda: NOW)
    async with TestClient(TestServer(feature_server.build(publisher, lambda: AT))) as made:
        yield made


async def test_features_are_those_of_now(client: TestClient[Any, Any], worker: Worker) -> None:
    """Orders leave them as time passes, without another event."""
    ages = (("a", MINUTE), ("b", 2 * HOUR), ("c", 3 * DAY), ("d", 30 * DAY))
    worker.purchases["ada"] = [Purchase(name, AT - ago, 100) for name, ago in ages]
    response = await client.get("/features/ada")
    assert (response.status, await response.json()) == (
        200,
        {
            "customer_id": "ada",
            "at": AT,
            "features": {
                "hour": {"orders": 1, "pence": 100, "recency": MINUTE},
                "day": {"orders": 2, "pence": 200, "recency": MINUTE},
                "month": {"orders": 3, "pence": 300, "recency": MINUTE},
            },
        },
    )


async def test_features_are_told_as_of_a_time(client: TestClient[Any, Any], worker: Worker) -> None:
    """What came after it is not in them."""
    worker.purchases["ada"] = [Purchase("a", AT - HOUR, 100), Purchase("b", AT - HOUR + 1, 900)]
    answer = await (await client.get("/features/ada", params={"at": str(AT - HOUR)})).json()
    assert answer["features"]["hour"] == {"orders": 1, "pence": 100, "recency": 0}


async def test_a_customer_who_has_not_ordered_has_features(client: TestClient[Any, Any]) -> None:
    """None of anything: a model is asked about new customers, too."""
    answer = await (await client.get("/features/nobody")).json()
    assert answer["features"]["month"] == {"orders": 0, "pence": 0, "recency": None}


@pytest.mark.parametrize("text", ["", "now", "-1", "²", str(AT + 1), str(AT - KEPT + 30 * DAY - 1)])
async def test_a_time_of_which_nothing_is_known_is_refused(client: TestClient[Any, Any], text: str) -> None:
    """400, with the times that can be asked for: the future is not known, and the past not kept for ever."""
    response = await client.get("/features/ada", params={"at": text})
    answer = await response.json()
    assert (response.status, answer["field"]) == (400, "at")
    assert f"between {AT - KEPT + 30 * DAY} and {AT}" in answer["error"]


async def test_features_that_are_not_complete_are_not_told(client: TestClient[Any, Any], worker: Worker) -> None:
    """503 and when to ask again, rather than sums that miss something."""
    worker.incomplete = ["1_2"]
    response = await client.get("/features/ada")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert "no worker has 1_2 of topology 'features'" in (await response.json())["error"]
