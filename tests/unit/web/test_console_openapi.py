"""The description at /openapi.json: everything it names answers as it says, and everything that answers is in it."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp.web import console
from streamapp.web.openapi import openapi
from streamapp.web.problem import CONTENT_TYPE
from tests.unit.web.conftest import Client, body
from tests.unit.web.memory import MemoryRuntime, windowed
from tests.unit.web.schema import faults

DOCUMENT = openapi("1.0")
PATHS = list(DOCUMENT["paths"])
VALUES = {
    "topology": "revenue",
    "table": "revenue-per-hour",
    "key": "EIRE",
    "prefix": "EI",
    "start_key": "EIRE",
    "end_key": "France",
    "from": "0",
    "to": "2100-01-01",
    "as_of": "2010-12-01",
    "limit": "1",
    "cursor": "1",
}
"""A value for each parameter there is."""


def address(path: str, **changed: str) -> str:
    """The path with its parameters filled in."""
    values = VALUES | changed
    return path.replace("{topology}", values["topology"]).replace("{table}", values["table"])


def parameters(path: str, place: str) -> list[dict[str, Any]]:
    """The parameters described for a path."""
    return [one for one in DOCUMENT["paths"][path]["get"].get("parameters", ()) if one["in"] == place]


def described(path: str, status: int) -> tuple[str, dict[str, Any]]:
    """Content type and schema of an answer."""
    ((content_type, content),) = DOCUMENT["paths"][path]["get"]["responses"][str(status)]["content"].items()
    return content_type, content["schema"]


async def check(client: Client, path: str, status: int, query: dict[str, str] | None = None, **changed: str) -> None:
    """Asks, and compares the answer with its description."""
    content_type, schema = described(path, status)
    async with client.get(address(path, **changed), params=query) as answer:
        assert answer.status == status, await answer.text()
        assert answer.content_type == content_type
        if "json" in content_type:
            found = await answer.json(content_type=None)
            assert list(faults(found, schema, DOCUMENT)) == []


async def test_the_document_is_served_and_complete(client: Client) -> None:
    """OpenAPI 3.1 with the version of the package; every reference and path parameter is defined."""
    found = await body(client, "/openapi.json")
    assert found["openapi"] == "3.1.0"
    assert found["paths"] == DOCUMENT["paths"]
    assert found["info"]["version"] not in {"", "0"}
    for path in PATHS:
        named = {one["name"] for one in parameters(path, "path")}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
    references = {part.partition('"')[0] for part in str(found).replace("'", '"').split("#/components/schemas/")[1:]}
    assert references <= set(found["components"]["schemas"])


def test_every_route_that_is_no_page_is_described(runtime: MemoryRuntime) -> None:
    """What a program may ask for; pages, their streams and files are for browsers."""
    app = console(runtime)
    served = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    browsers = {"/", "/stream", "/openapi.json", "/static/{name}"}
    programs = {path for path in served if path not in browsers and not path.startswith("/topologies")}
    assert programs == set(PATHS)


@pytest.mark.parametrize("path", PATHS)
async def test_every_path_answers_as_described(client: Client, runtime: MemoryRuntime, path: str) -> None:
    """With its content type and, for JSON, its schema."""
    runtime.applications["revenue"].put("revenue-per-hour", windowed("EIRE", 0, 1, 5), windowed("EIRE", 5, 1, 5))
    await check(client, path, 200)


@pytest.mark.parametrize("path", [path for path in PATHS if parameters(path, "query")])
async def test_every_parameter_is_taken(client: Client, runtime: MemoryRuntime, path: str) -> None:
    """One by one, and no other; `as_of` only by a table with a history."""
    runtime.applications["revenue"].put("revenue-per-hour", windowed("EIRE", 0, 1, 5), windowed("EIRE", 5, 1, 5))
    for parameter in parameters(path, "query"):
        name = parameter["name"]
        await check(client, path, 400 if name == "as_of" else 200, {name: VALUES[name]})
    await check(client, path, 400, {"other": "1"})


@pytest.mark.parametrize("path", [path for path in PATHS if "404" in DOCUMENT["paths"][path]["get"]["responses"]])
async def test_what_does_not_exist_is_a_problem(client: Client, path: str) -> None:
    """As described."""
    await check(client, path, 404, topology="none")


@pytest.mark.parametrize("path", [path for path in PATHS if "503" in DOCUMENT["paths"][path]["get"]["responses"]])
async def test_what_is_not_there_yet_is_described(client: Client, runtime: MemoryRuntime, path: str) -> None:
    """The probes that wait, and tables; a process that answers is healthy."""
    runtime.applications = {}
    if path == "/healthz":
        await check(client, path, 200)
    else:
        await check(client, path, 503)


async def test_a_topology_that_failed_or_waits_is_described(client: Client, runtime: MemoryRuntime) -> None:
    """Every state and what may be null."""
    for state in ("starting", "restoring", "running", "failed", "stopped"):
        runtime.applications["revenue"].state = state
        runtime.applications["revenue"].error = ValueError("why")
        await check(client, "/api/v1/topologies/{topology}", 200)
    runtime.applications = {}
    await check(client, "/api/v1/topologies", 200)


def test_a_wrong_answer_would_be_found() -> None:
    """The checks above can fail."""
    schema = {"$ref": "#/components/schemas/Page"}
    row = {"key": 1, "window": None, "value": None, "timestamp": 5}
    good: dict[str, Any] = {"items": [row], "next": None, "incomplete": []}
    assert list(faults(good, schema, DOCUMENT)) == []
    for wrong in ({"next": 5}, {"more": 1}, {"items": [{**row, "window": {"start": 1}}]}, {"incomplete": [1]}):
        assert list(faults(good | wrong, schema, DOCUMENT)), wrong
    assert list(faults({"items": [], "next": None}, schema, DOCUMENT))
    assert list(faults({"status": True, "topologies": {}}, {"$ref": "#/components/schemas/Probe"}, DOCUMENT))


def test_problems_have_their_own_type() -> None:
    """RFC 9457."""
    assert CONTENT_TYPE == "application/problem+json"
    assert described("/api/v1/topologies/{topology}", 404)[0] == CONTENT_TYPE
