"""What protects a reader: headers on every answer, and no answers to foreign names on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streamapp.web import Console
from streamapp.web.security import HEADERS, is_loopback
from tests.unit.web.conftest import Client
from tests.unit.web.memory import MemoryRuntime

ANSWERS = [
    ("/", 200),
    ("/topologies/revenue", 200),
    ("/topologies/revenue/tables/revenue-per-hour", 200),
    ("/stream", 200),
    ("/api/v1/topologies", 200),
    ("/api/v1/topologies/enrichment/tables/users/stream", 200),
    ("/openapi.json", 200),
    ("/metrics", 200),
    ("/readyz", 200),
    ("/static/console.js", 200),
    ("/static/none.js", 404),
    ("/none", 404),
    ("/api/v1/topologies/none", 404),
    ("/api/v1/topologies/enrichment/tables/users?limit=0", 400),
]


@pytest.mark.parametrize(("path", "status"), ANSWERS)
async def test_every_answer_has_the_headers(client: Client, path: str, status: int) -> None:
    """Pages, JSON, streams, files and problems alike."""
    async with client.get(path) as answer:
        assert answer.status == status
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert answer.headers["Cache-Control"] == ("no-cache" if path == "/static/console.js" else "no-store")


async def test_pages_may_use_nothing_from_elsewhere(client: Client) -> None:
    """No inline script or style, no frame, no form to elsewhere: the policy would refuse it."""
    async with client.get("/topologies/revenue", headers={"Accept": "text/html"}) as answer:
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        text = await answer.text()
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}
    assert " style=" not in text
    assert "<style" not in text
    assert " on" not in {word[:3] for word in text.replace("\n", " ").split("<")}


@pytest.fixture
async def local(runtime: MemoryRuntime) -> AsyncIterator[Client]:
    """A client of a console that is meant for this machine only."""
    app = web.Application()
    Console(runtime, local_only=lambda: True).add_to(app)
    async with TestClient(TestServer(app)) as made:
        yield made


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:6066", 200),
        ("LocalHost.", 200),
        ("shop.localhost:80", 200),
        ("127.0.0.1:6066", 200),
        ("127.8.8.8", 200),
        ("[::1]:6066", 200),
        ("evil.example", 421),
        ("evil.example:6066", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("192.168.1.5", 421),
        ("0.0.0.0", 421),  # noqa: S104 - a name in a request, nothing is bound
        ("[::1", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/topologies", "/metrics", "/stream", "/none"])
async def test_a_loopback_server_answers_to_names_of_loopback(local: Client, host: str, path: str, status: int) -> None:
    """A web site whose name points at 127.0.0.1 (DNS rebinding) gets nothing, whatever it asks for."""
    async with local.get(path, headers={"Host": host}) as answer:
        assert answer.status == (404 if path == "/none" and status == 200 else status)
        if status == 421:
            problem = await answer.json(content_type=None)
            assert problem["detail"].endswith(f"not as {host!r}: use 127.0.0.1 or localhost")


async def test_a_server_for_the_network_answers_to_any_name(client: Client) -> None:
    """It cannot know its names."""
    async with client.get("/healthz", headers={"Host": "streams.example"}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(("host", "loopback"), [(None, False), ("localhost", True), ("::1", True), ("10.0.0.1", False)])
def test_loopback_is_known_by_name_and_address(host: str | None, loopback: bool) -> None:
    """Names are compared, never looked up."""
    assert is_loopback(host) == loopback
