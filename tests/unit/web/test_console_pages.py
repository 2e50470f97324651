"""The pages people look at: what they show, and that nothing in them can be taken for markup."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from streamapp import HOUR, describe
from tests.unit.web.conftest import Client, page
from tests.unit.web.markup import Element, parse
from tests.unit.web.memory import TOPOLOGIES, MemoryRuntime, windowed

EIGHT = 1_291_190_400_000
"""2010-12-01T08:00:00Z."""

REVENUE = "/topologies/revenue/tables/revenue-per-hour"
USERS = "/topologies/enrichment/tables/users"


async def opened(client: Client, path: str, expect: int = 200) -> Element:
    """The page at `path` as elements."""
    return parse(await page(client, path, expect))


def rows(document: Element) -> list[list[str]]:
    """The text of each cell of the rows of a table's page."""
    (body,) = document.one("table", class_="rows").all("tbody")
    return [[cell.text for cell in row.children] for row in body.all("tr")]


def user(key: object, value: object) -> dict[str, object]:
    """A row of the table `users`."""
    return {"key": key, "window": None, "value": value, "timestamp": EIGHT}


async def test_the_overview_shows_every_topology(client: Client) -> None:
    """With its state, what it reads and writes, its lag, tasks and tables."""
    document = await opened(client, "/")
    revenue, enrichment = document.one("table", class_="list").one("tbody").all("tr")
    cells = {cell.attributes.get("data-label"): cell.text for cell in revenue.children}
    assert cells == {
        None: "",  # the picture of the last minute
        "State": "running",
        "Rate": "0",
        "Lag": "7",
        "Tasks": "2",
        "Tables": "revenue-per-hour",
    }
    assert revenue.one("a", class_="name").text == "revenue"
    assert revenue.one("div", class_="flow").text == "sales → revenue-per-hour"
    assert enrichment.one("div", class_="flow").text == "users, sales → enriched"
    assert [stat.one("dd").text for stat in document.one("dl", class_="stats").all("div")] == [
        "2 of 2",
        "0records/s",
        "7records",
        "0",
    ]


async def test_pages_answer_before_the_cluster_does(client: Client, runtime: MemoryRuntime) -> None:
    """Topologies are starting, their tables say why there are no rows."""
    runtime.applications = {}
    document = await opened(client, "/")
    assert [state.text for state in document.all("span", class_="state")] == ["starting", "starting"]
    assert "The cluster has not answered yet" in (await opened(client, "/topologies/revenue")).text
    shown = await opened(client, REVENUE)
    assert shown.one("div", class_="empty").one("p").text == (
        "Topology 'revenue' is starting and has no tasks here: its tables cannot be read now."
    )


async def test_a_failed_topology_says_why(client: Client, runtime: MemoryRuntime) -> None:
    """On the overview and on its page, with the error's own words."""
    failed = runtime.applications["revenue"]
    failed.state, failed.error = "failed", ValueError("task 0_0: <topic> is gone")
    document = await opened(client, "/")
    assert document.one("tr", class_="why").text == "task 0_0: <topic> is gone"
    assert document.one("div", class_="bad").one("dd").text == "1 of 2"
    document = await opened(client, "/topologies/revenue")
    assert document.one("div", role="alert").text == "Failed. task 0_0: <topic> is gone"


async def test_a_topology_page_shows_numbers_tasks_and_its_description(client: Client) -> None:
    """The same description that `streamapp TOPOLOGY describe` prints."""
    document = await opened(client, "/topologies/revenue")
    stats = {stat.one("dt").text: stat.one("dd").text for stat in document.all("div", class_="stat")}
    assert stats == {
        "Rate": "0records/s",
        "Lag": "7records",
        "Records in": "2,300",
        "Records out": "1,100",
        "Late": "4",
        "Dead letters": "0",
        "Commits": "20",
        "Mean commit": "25ms",
    }
    tasks = document.one("div", data_live="tasks").one("tbody")
    assert [[cell.text for cell in row.children] for row in tasks.all("tr")] == [
        ["0_0", "sales-0 1,200", "3", "7"],
        ["1_0", "streamapp-revenue-by-country-repartition-0 1,100", "0", "0"],
    ]
    assert "".join(document.one("pre", id="describe").pieces).strip() == describe(TOPOLOGIES[0]).strip()


async def test_the_diagram_has_every_topic_step_and_table(client: Client) -> None:
    """Tables lead to their pages."""
    document = await opened(client, "/topologies/revenue")
    first, second = document.all("svg", class_="diagram")
    assert next(first.all("g", class_="box")).one("title").text == "topic sales"
    captions = [text.text for text in second.all("text")]
    assert captions == [
        "repartition topic",
        "by-country-repartition",
        "aggregate · 1 h windows",
        "add",
        "table",
        "revenue-per-hour",
    ]
    assert second.one("a").attributes["href"] == REVENUE
    assert len(list(second.all("path", class_="arrow"))) == 2


async def test_a_table_page_shows_windows_as_times(client: Client, runtime: MemoryRuntime) -> None:
    """From, to and timestamp in UTC, a column for each field of the value."""
    runtime.applications["revenue"].put(
        "revenue-per-hour", windowed("France", EIGHT + HOUR, 3, 250), windowed("EIRE", EIGHT, 1, 5)
    )
    document = await opened(client, REVENUE)
    head = [cell.text for cell in document.one("table", class_="rows").one("thead").all("th")]
    assert head == ["Key", "From", "To", "rows", "pence", "Timestamp"]
    assert rows(document) == [
        ["France", "2010-12-01T09:00:00Z", "2010-12-01T10:00:00Z", "3", "250", "2010-12-01T09:00:01Z"],
        ["EIRE", "2010-12-01T08:00:00Z", "2010-12-01T09:00:00Z", "1", "5", "2010-12-01T08:00:01Z"],
    ]
    times = document.one("table", class_="rows").all("time")
    assert next(times).attributes["datetime"] == "2010-12-01T09:00:00Z"
    assert "1 h windows, newest first; kept 800 d of event time" in document.text


async def test_keys_and_values_are_never_markup(client: Client, runtime: MemoryRuntime) -> None:
    """A `<script>` in a key, a value, a field's name or a search is text, also in attributes."""
    evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'"
    runtime.applications["enrichment"].put("users", user(evil, evil), user("long", evil * 9))
    document = await opened(client, USERS)
    assert rows(document)[0][:2] == [evil, evil]
    assert rows(document)[1][1].endswith(evil * 9)
    runtime.applications["enrichment"].put(
        "users", user("a", {evil: 1}), user(evil, {evil: 2}), user("long", {evil: 3})
    )
    document = await opened(client, f"{USERS}?prefix={quote(evil)}&exact=1")
    assert document.one("input", name="prefix").attributes["value"] == evil
    for found in (document, await opened(client, f"/{quote(evil)}", 404)):
        assert [script.attributes.get("type") for script in found.all("script")] == ["module"]
        assert not list(found.all("img"))


async def test_bytes_and_other_types_are_shown_as_the_api_shows_them(client: Client, runtime: MemoryRuntime) -> None:
    """Bytes that are text as text, others as base64; an empty key and a null are to be seen."""
    runtime.applications["enrichment"].put(
        "users", user(b"text", b"\xff\x00"), user(7, None), user("", True), user(("a", 2), 1.5)
    )
    assert [row[:2] for row in rows(await opened(client, USERS))] == [
        ["text", '{"base64":"/wA="}'],
        ["7", ""],
        ['""', "true"],
        ['["a",2]', "1.5"],
    ]


async def test_values_of_different_shapes_share_one_column(client: Client, runtime: MemoryRuntime) -> None:
    """As JSON; so do values with more fields than a screen has room for."""
    put = runtime.applications["enrichment"].put
    put("users", user("a", {"x": 1}), user("b", [1, 2]))
    assert [row[1] for row in rows(await opened(client, USERS))] == ['{"x":1}', "[1,2]"]
    wide = {f"field-{number}": number for number in range(9)}
    put("users", user("a", wide), user("b", wide))
    assert [len(row) for row in rows(await opened(client, USERS))] == [3, 3]


async def test_a_page_leads_to_the_next_rows_and_back(client: Client, runtime: MemoryRuntime) -> None:
    """Each row is on one page; later pages are not live."""
    runtime.applications["enrichment"].put("users", *(user(f"u{number:03}", "x") for number in range(250)))
    path: str | None = USERS
    seen = []
    while path is not None:
        document = await opened(client, path)
        seen += [row[0] for row in rows(document)]
        assert ("data-stream" in document.one("main").attributes) == (path == USERS)
        links = list(document.all("a", rel="next"))
        path = links[0].attributes["href"] if links else None
    assert seen == [f"u{number:03}" for number in range(250)]
    assert next(document.one("nav", class_="pager").all("a")).attributes["href"] == USERS


async def test_the_search_form_keeps_what_was_asked(client: Client, runtime: MemoryRuntime) -> None:
    """Prefix or whole key, from and to; the links to JSON and to the stream ask the same."""
    runtime.applications["revenue"].put("revenue-per-hour", windowed("EIRE", EIGHT, 1, 5), windowed("EI", EIGHT, 2, 6))
    document = await opened(client, f"{REVENUE}?prefix=EI&from=2010-12-01T08:00&to=")
    assert [row[0] for row in rows(document)] == ["EIRE", "EI"]
    assert document.one("input", name="from").attributes["value"] == "2010-12-01T08:00:00Z"
    assert document.one("main").attributes["data-stream"] == f"{REVENUE}/stream?prefix=EI&from=2010-12-01T08%3A00"
    document = await opened(client, f"{REVENUE}?prefix=EI&exact=1")
    assert [row[0] for row in rows(document)] == ["EI"]
    assert "checked" in document.one("input", name="exact").attributes
    assert f"/api/v1{REVENUE}?key=EI" in [link.attributes["href"] for link in document.one("footer").all("a")]


@pytest.mark.parametrize(
    ("path", "words"),
    [(USERS, "The table is empty"), (f"{USERS}?prefix=z", "No row matches"), (f"{REVENUE}?to=5", "No row matches")],
)
async def test_a_table_without_rows_says_so(client: Client, path: str, words: str) -> None:
    """Whether it is empty or the search found nothing."""
    assert words in (await opened(client, path)).text


async def test_rows_that_are_elsewhere_are_named(client: Client, runtime: MemoryRuntime) -> None:
    """So that nobody takes a part for the whole."""
    runtime.applications["enrichment"].incomplete = ["0_1", "0_2"]
    assert "Not all rows are here. Missing: 0_1, 0_2." in (await opened(client, USERS)).text


async def test_rows_stay_to_be_seen_while_a_topology_restores(client: Client, runtime: MemoryRuntime) -> None:
    """With a word that they are not the latest."""
    runtime.applications["enrichment"].put("users", user("a", "x"))
    runtime.applications["enrichment"].state = "restoring"
    document = await opened(client, USERS)
    assert "enrichment is restoring: these are the rows of its last commit here." in document.text
    assert [row[:2] for row in rows(document)] == [["a", "x"]]


async def test_every_link_leads_somewhere(client: Client, runtime: MemoryRuntime) -> None:
    """From the overview on, each address on our pages answers; ids are unique, images have names."""
    runtime.applications["enrichment"].put("users", *(user(f"u{number}", "x" * 200) for number in range(120)))
    todo, seen = ["/"], set[str]()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        async with client.get(path, headers={"Accept": "text/html"}) as answer:
            assert answer.status == 200, path
            if answer.content_type != "text/html":
                continue
            document = parse(await answer.text())
        ids = [element.attributes["id"] for element in everything(document) if "id" in element.attributes]
        assert len(ids) == len(set(ids)), path
        for element in everything(document):
            address = element.attributes.get("href") or element.attributes.get("src") or ""
            if element.tag in {"a", "link", "script"} and address.startswith("/"):
                todo.append(address)
            assert not address.startswith(("http:", "https:", "//")), address
    assert {"/", "/topologies/revenue", REVENUE, USERS, "/metrics", "/openapi.json", "/readyz"} <= seen


def everything(element: Element) -> list[Element]:
    """All elements."""
    return [element, *(inner for child in element.children for inner in everything(child))]
