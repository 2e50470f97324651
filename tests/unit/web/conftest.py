"""The console on a runtime in memory, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streamapp.web import console
from tests.unit.web.memory import MemoryRuntime

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def runtime() -> MemoryRuntime:
    """Two topologies that run."""
    made = MemoryRuntime()
    made.begin()
    return made


@pytest.fixture
async def client(runtime: MemoryRuntime) -> AsyncIterator[Client]:
    """A client of the runtime's console."""
    async with TestClient(TestServer(console(runtime))) as made:
        yield made


async def body(client: Client, path: str, expect: int = 200, **options: Any) -> Any:
    """The JSON at `path`, which must answer with the status `expect`."""
    async with client.get(path, **options) as answer:
        assert answer.status == expect, await answer.text()
        return await answer.json(content_type=None)


async def page(client: Client, path: str, expect: int = 200) -> str:
    """The page at `path`, as a browser asks for it."""
    async with client.get(path, headers={"Accept": "text/html,*/*;q=0.8"}) as answer:
        assert answer.status == expect, await answer.text()
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        return await answer.text()
