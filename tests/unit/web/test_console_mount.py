"""The console on the web server of the Faust App, in place of Faust's own pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from faust.web import Request, Response, View

from streamapp.app import build_app
from streamapp.settings import Settings
from streamapp.web.driver import ConsoleWeb
from tests.unit.web.conftest import Client, body, page


@pytest.fixture
async def mounted(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of the App's web server; no broker is asked for."""
    shell = build_app(Settings(state_dir=tmp_path, web_port=6066), ("revenue", "billing"))

    @shell.page("/mine/")
    async def mine(view: View, request: Request) -> Response:
        return view.text("mine")

    shell.finalize()
    assert isinstance(shell.web, ConsoleWeb)
    shell.web.init_server()
    async with TestClient(TestServer(shell.web.web_app)) as made:
        yield made


async def test_our_pages_are_served_by_the_app(mounted: Client) -> None:
    """Before the cluster has answered: every topology is starting."""
    assert "revenue-per-hour" in await page(mounted, "/")
    assert "Nothing to show yet" in await page(mounted, "/topologies/revenue/tables/revenue-per-hour")
    states = {"revenue": "starting", "billing": "starting"}
    assert await body(mounted, "/readyz", 503) == {"status": "unavailable", "topologies": states}


async def test_pages_of_an_author_are_served_beside_them(mounted: Client) -> None:
    """With our headers."""
    async with mounted.get("/mine/") as answer:
        assert (answer.status, await answer.text()) == (200, "mine")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_worker_on_loopback_answers_to_its_names_only(mounted: Client) -> None:
    """The App's own setting decides."""
    async with mounted.get("/", headers={"Host": "evil.example"}) as answer:
        assert answer.status == 421


async def test_faust_pages_that_cannot_work_are_gone(mounted: Client) -> None:
    """Its table pages would look for tables it does not keep."""
    async with mounted.get("/table/revenue-per-hour/key/") as answer:
        assert answer.status == 404
