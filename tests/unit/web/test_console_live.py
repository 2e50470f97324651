"""Live updates: what is sent, when, and how a stream ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiohttp import ClientResponse

from streamapp.web.live import changed, message, on_version
from tests.unit.web.conftest import Client
from tests.unit.web.markup import parse
from tests.unit.web.memory import MemoryRuntime, windowed

PATIENCE = 10.0
"""Seconds an event may take on a busy machine."""

USERS = "/topologies/enrichment/tables/users"
REVENUE = "/topologies/revenue/tables/revenue-per-hour"


class Events:
    """The events of one stream, read as a browser does."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> tuple[str, str]:
        """Name and data of the next event."""
        name, data = "", []
        while True:
            line = (await asyncio.wait_for(self.answer.content.readline(), PATIENCE)).decode()
            assert line, "the stream has ended"
            field, _, value = line.rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif not field and data:
                return name, "\n".join(data)

    async def ends(self) -> None:
        """Returns when nothing more comes."""
        await asyncio.wait_for(self.answer.content.read(), PATIENCE)


@asynccontextmanager
async def listening(client: Client, path: str) -> AsyncIterator[Events]:
    """A reader of the stream at `path`."""
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        yield Events(answer)


def user(key: str, value: str) -> dict[str, object]:
    """A row of the table `users`."""
    return {"key": key, "window": None, "value": value, "timestamp": 5}


async def test_rows_come_at_once_and_after_each_commit(client: Client, runtime: MemoryRuntime) -> None:
    """As the API's first page of the same question."""
    users = runtime.applications["enrichment"]
    users.put("users", user("ada", "A"))
    async with listening(client, f"/api/v1{USERS}/stream?prefix=a") as events:
        for value in ("A", "B", "C"):
            name, data = await events.next()
            assert name == "rows"
            assert [row["value"] for row in orjson.loads(data)["items"]] == [value]
            users.put("users", user("ada", chr(ord(value) + 1)), user("bob", "x"))


async def test_a_page_is_sent_the_part_that_changes(client: Client, runtime: MemoryRuntime) -> None:
    """Complete, so that the page has only to exchange it; what is in rows is never markup."""
    table = runtime.applications["revenue"]
    table.put("revenue-per-hour", windowed("<script>", 0, 1, 5))
    async with listening(client, f"{REVENUE}/stream?prefix=%3C") as events:
        for number in (1, 2):
            name, data = await events.next()
            part = parse(data).one("div", data_live="rows")
            assert name == "part"
            assert part.one("tbody").one("th").text == "<script>"
            assert [cell.text for cell in part.one("tbody").all("td", class_="num")] == [str(number), "5"]
            assert not list(part.all("script"))
            table.put("revenue-per-hour", windowed("<script>", 0, number + 1, 5))


async def test_a_page_that_waits_for_the_cluster_fills_by_itself(client: Client, runtime: MemoryRuntime) -> None:
    """From the reason why there are no rows, to the rows, to the reason why they are gone."""
    applications, runtime.applications = runtime.applications, {}
    applications["enrichment"].put("users", user("ada", "A"))
    async with listening(client, f"{USERS}/stream") as events:
        assert "Nothing to show yet" in (await events.next())[1]
        runtime.applications = applications
        assert "ada" in (await events.next())[1]
        applications["enrichment"].state = "restoring"
        assert "these are the rows of its last commit" in (await events.next())[1]
        applications["enrichment"].tasks = {}
        assert "has no tasks here" in (await events.next())[1]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/stream", "part"),
        ("/topologies/revenue/stream", "part"),
        ("/api/v1/topologies/stream", "topologies"),
        ("/api/v1/topologies/revenue/stream", "topology"),
    ],
)
async def test_conditions_come_when_they_change(client: Client, runtime: MemoryRuntime, path: str, name: str) -> None:
    """At once, and then when a number is another."""
    async with listening(client, path) as events:
        first = await events.next()
        runtime.applications["revenue"].counts["dead_letters"] = 1234
        second = await events.next()
        assert first[0] == second[0] == name
        assert "1234" in second[1].replace(",", "")
        assert "1234" not in first[1].replace(",", "")


async def test_a_stream_has_no_cursor(client: Client) -> None:
    """It sends the first page again and again."""
    async with client.get(f"/api/v1{USERS}/stream?cursor=1") as answer:
        assert answer.status == 400
        assert "leave out cursor" in (await answer.json(content_type=None))["detail"]


async def test_a_stream_of_rows_ends_when_they_cannot_be_read_any_more(client: Client, runtime: MemoryRuntime) -> None:
    """The reader asks again and is told why; nothing of another answer is in the stream."""
    users = runtime.applications["enrichment"]
    async with listening(client, f"/api/v1{USERS}/stream") as events:
        await events.next()
        users.tasks = {}
        users.put("users", user("ada", "A"))
        assert await asyncio.wait_for(events.answer.content.read(), PATIENCE) == b""


async def test_an_error_within_a_stream_ends_it(
    client: Client, runtime: MemoryRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    """And is in the log; the connection carries no second answer."""
    users = runtime.applications["enrichment"]
    async with listening(client, f"/api/v1{USERS}/stream") as events:
        await events.next()
        users.put("users", {"key": "no value", "window": None})
        assert await asyncio.wait_for(events.answer.content.read(), PATIENCE) == b""
    assert f"/api/v1{USERS}/stream ends" in caplog.text


async def test_streams_end_with_the_server(client: Client) -> None:
    """A stop does not wait for readers."""
    async with listening(client, f"{USERS}/stream") as events, listening(client, "/stream") as others:
        await events.next()
        await others.next()
        closing = asyncio.create_task(client.server.close())
        await events.ends()
        await others.ends()
        await asyncio.wait_for(closing, PATIENCE)


def test_each_line_of_the_data_is_a_line_of_its_own() -> None:
    """So that no data can end its event or begin another, with any kind of line end."""
    assert message("part", b"a\nb") == b"event: part\ndata: a\ndata: b\n\n"
    assert message("part", b"a\r\n\r\nevent: x\rb") == b"event: part\ndata: a\ndata: \ndata: event: x\ndata: b\n\n"
    assert message("part", b"") == b"event: part\ndata: \n\n"


async def test_a_look_tells_what_is_new() -> None:
    """By what is made, or by a version alone, which saves the making."""
    made = 0
    version: object = None

    async def make() -> bytes:
        nonlocal made
        made += 1
        return b"same"

    look = changed(make)
    assert [await look(), await look(), made] == [b"same", None, 2]
    look, made = on_version(lambda: version, make), 0
    assert [await look(), await look(), made] == [b"same", None, 1]
    version = 1
    assert [await look(), await look(), made] == [b"same", None, 2]
