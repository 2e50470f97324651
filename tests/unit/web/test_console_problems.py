"""What is wrong, as problem details for programs and as a page for people."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp.errors import ConfigurationError, NotFoundError, StreamappError, UsageError
from streamapp.web.problem import CONTENT_TYPE
from tests.unit.web.conftest import Client, page
from tests.unit.web.markup import parse
from tests.unit.web.memory import MemoryApplication, MemoryRuntime

USERS = "/topologies/enrichment/tables/users"


@pytest.mark.parametrize(
    ("path", "status", "title", "detail"),
    [
        ("/none", 404, "Not Found", "there is nothing at /none: /openapi.json lists what there is"),
        ("/topologies/", 404, "Not Found", "there is nothing at /topologies/"),
        (
            "/topologies/none",
            404,
            "Not Found",
            "there is no topology 'none' in this worker; known: revenue, enrichment",
        ),
        ("/topologies/revenue/tables/none", 404, "Not Found", "has no table 'none'; known: revenue-per-hour"),
        (f"{USERS}?limit=x", 400, "Bad Request", "limit is 'x'"),
        (f"{USERS}?cursor=x", 400, "Bad Request", "cursor 'x'"),
    ],
)
async def test_a_problem_is_a_document_or_a_page(
    client: Client, path: str, status: int, title: str, detail: str
) -> None:
    """The same status and words; the page leads on."""
    async with client.get(path) as answer:
        assert (answer.status, answer.content_type) == (status, CONTENT_TYPE)
        document = await answer.json(content_type=None)
    assert document["type"] == "about:blank"
    assert (document["title"], document["status"]) == (title, status)
    assert document["instance"] == path.partition("?")[0]
    assert detail in document["detail"]
    shown = parse(await page(client, path, status))
    assert shown.one("h1").text == title
    assert detail[1:] in shown.one("div", class_="problem").text
    assert [link.text for link in shown.all("a", class_="chip")] == ["revenue", "enrichment"]


async def test_the_api_answers_browsers_with_documents_too(client: Client) -> None:
    """Whatever they accept: its addresses are for programs."""
    async with client.get("/api/v1/none", headers={"Accept": "text/html"}) as answer:
        assert (answer.status, answer.content_type) == (404, CONTENT_TYPE)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/api/v1/topologies", "/metrics", USERS])
async def test_everything_is_read_only(client: Client, method: str, path: str) -> None:
    """405, with what is allowed."""
    async with client.request(method, path) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD"
        assert (await answer.json(content_type=None))["detail"] == (
            f"{method} is not possible here: everything is read-only"
        )
    async with client.head(path) as answer:
        assert answer.status == 200


class Broken(MemoryApplication):
    """An application whose reads raise what a test puts in `error`."""

    def read(self, *_: Any, **__: Any) -> Any:
        """Raises."""
        assert self.error is not None
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("wrong"), 400),
        (NotFoundError("gone"), 404),
        (ConfigurationError("changed"), 503),
        (StreamappError("disk full"), 503),
    ],
)
async def test_errors_of_the_worker_keep_their_words(
    client: Client, runtime: MemoryRuntime, error: StreamappError, status: int
) -> None:
    """They name the thing and the remedy already."""
    runtime.applications["enrichment"] = Broken("g", error=error, tasks=runtime.applications["enrichment"].tasks)
    for path in (f"/api/v1{USERS}", f"/api/v1{USERS}/stream"):
        async with client.get(path) as answer:
            assert answer.status == status
            assert (await answer.json(content_type=None))["detail"] == str(error)


async def test_a_mistake_of_ours_is_logged_and_not_shown(
    client: Client, runtime: MemoryRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    """500 without a word of what is inside; the log has the whole of it."""
    users = runtime.applications["enrichment"]
    runtime.applications["enrichment"] = Broken("g", error=KeyError("secret"), tasks=users.tasks)
    async with client.get(f"/api/v1{USERS}") as answer:
        assert (answer.status, answer.content_type) == (500, CONTENT_TYPE)
        assert "secret" not in await answer.text()
    assert "secret" not in await page(client, USERS, 500)
    assert f"GET /api/v1{USERS} failed" in caplog.text
    assert "secret" in caplog.text
