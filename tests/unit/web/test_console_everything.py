"""Pages and API of a topology with a step of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from streamapp.engine.plan import plan
from streamapp.formats import codec_for
from streamapp.web import console
from tests.unit.everything import TABLES, TOPOLOGY
from tests.unit.web.conftest import Client, body, page
from tests.unit.web.markup import Element, parse
from tests.unit.web.memory import MemoryApplication, MemoryRuntime, MemoryTask

API = "/api/v1/topologies/everything"
PLAN = plan(TOPOLOGY, codec_for, ["eu-orders"])


@pytest.fixture
def runtime() -> MemoryRuntime:
    """The topology runs, with a row in a table of sessions."""
    row = {"key": "ada", "window": {"start": 0, "end": 5}, "value": 1, "timestamp": 5}
    tasks = {(sub.number, 0): MemoryTask(f"{sub.number}_0", {}) for sub in PLAN.subtopologies}
    application = MemoryApplication("streamapp-everything", tasks=tasks, rows={"visits": [row]})
    return MemoryRuntime({"everything": PLAN}, {"everything": application})


@pytest.fixture
async def client(runtime: MemoryRuntime) -> AsyncIterator[Client]:
    """A client of its console."""
    async with TestClient(TestServer(console(runtime))) as made:
        yield made


async def test_tables_are_those_an_author_made(client: Client) -> None:
    """Each once, with its kind; what steps keep for themselves is no table, and said to be none."""
    tables = (await body(client, API))["tables"]
    assert {table["name"] for table in tables} == TABLES
    assert len(tables) == len(TABLES)
    kinds = {table["name"]: table["kind"] for table in tables}
    wanted = {"users": "key-value", "rates": "versioned", "products": "global", "hops": "window", "visits": "session"}
    assert kinds | wanted == kinds
    found = await body(client, f"{API}/tables/visits-times", 404)
    assert found["detail"].startswith("'visits-times' is what a step of topology 'everything' keeps for itself")
    assert set(found["existing"]) == TABLES


async def test_every_page_shows(client: Client) -> None:
    """The topology's and each table's, to which the picture leads."""
    document = parse(await page(client, "/topologies/everything"))
    drawn = {str(link.attributes["href"]) for svg in document.all("svg", class_="diagram") for link in svg.all("a")}
    assert drawn == {f"/topologies/everything/tables/{name}" for name in TABLES}
    for address in sorted(drawn):
        await page(client, address)


def captions(document: Element) -> set[str]:
    """The titles of all boxes of a page's pictures."""
    boxes = (box for svg in document.all("svg", class_="diagram") for box in svg.all("g", class_="box"))
    return {box.one("title").text.partition(":")[0] for box in boxes}


async def test_every_step_says_what_it_does(client: Client) -> None:
    """In words, with its windows and its function; a branch with what chooses it."""
    found = captions(parse(await page(client, "/topologies/everything")))
    wanted = {
        "2 topics",
        "merge",
        "branch 1 is_large",
        "other records",
        "filter not bool",
        "print large",
        "reduce add",
        "cogroup add",
        "count · 1 min windows",
        "count · 1 min windows every 30 s",
        "count · 1 min sliding windows",
        "count · sessions with gaps of 30 s",
        "late records",
        "suppress · 5 s calm",
        "suppress · until windows close final",
        "deduplicate · within 1 min once",
        "join · grace 1 min first",
        "left join first",
        "join · 5 s before, 1 s after add",
        "outer join · 5 s before, 5 s after either",
        "process Adding",
        "store own-totals",
        "global table products",
        "topic products",
        "versioned table rates",
        "join by foreign key text_of",
        "topic big",
        "topic out",
    }
    assert wanted - {caption.strip() for caption in found} == set()
    assert not any("split" in caption or "to stream" in caption for caption in found)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("users", "Last value of each key"),
        ("products", "Last value of each key of the whole topic"),
        ("rates", "Last value of each key; older values kept 1 h of event time"),
        ("hops", "1 min windows every 30 s, newest first; kept 1 min of event time"),
        ("visits", "Sessions with gaps of 30 s, newest first"),
        ("busy", "Windows"),
        ("own-minutes", "1 min windows, newest first; kept 10 min of event time"),
    ],
)
async def test_a_page_says_what_its_rows_are(client: Client, table: str, words: str) -> None:
    """And offers times only where there are some."""
    document = parse(await page(client, f"/topologies/everything/tables/{table}"))
    assert document.one("p", class_="lede").text.startswith(words)
    fields = {field.attributes["name"] for field in document.one("form").all("input")}
    assert ("from" in fields) == (table in {"hops", "visits", "busy", "own-minutes"})
    assert ("as_of" in fields) == (table == "rates")


async def test_a_session_shows_its_first_and_last_event(client: Client) -> None:
    """As start and end, in JSON and on the page."""
    (row,) = (await body(client, f"{API}/tables/visits"))["items"]
    assert row == {"key": "ada", "window": {"start": 0, "end": 5}, "value": 1, "timestamp": 5}
    assert "1970-01-01T00:00:00.005Z" in await page(client, "/topologies/everything/tables/visits?from=0")


async def test_as_of_is_for_tables_with_a_history(client: Client) -> None:
    """Others refuse it with the remedy."""
    assert (await body(client, f"{API}/tables/rates?as_of=5"))["items"] == []
    problem = await body(client, f"{API}/tables/users?as_of=5", 400)
    assert problem["detail"] == (
        "table 'users' keeps no history: leave out as_of, or make the table with table(TOPIC, 'users', history=ms)"
    )
