"""The HTTP API: topologies, tables, rows, and what it says to wrong questions."""

from __future__ import annotations

from typing import Any

import pytest

from streamapp import HOUR
from tests.unit.web.conftest import Client, body
from tests.unit.web.memory import MemoryRestore, MemoryRuntime, Revenue, windowed

EIGHT = 1_291_190_400_000
"""2010-12-01T08:00:00Z."""

REVENUE = "/api/v1/topologies/revenue/tables/revenue-per-hour"
USERS = "/api/v1/topologies/enrichment/tables/users"


@pytest.fixture
def hours(runtime: MemoryRuntime) -> None:
    """Three hours of two countries."""
    rows = [windowed(country, EIGHT + hour * HOUR, hour, 5) for hour in (2, 1, 0) for country in ("France", "EIRE")]
    runtime.applications["revenue"].put("revenue-per-hour", *rows)


def names(found: Any) -> list[tuple[str, int]]:
    """Key and hour of each row."""
    return [(row["key"], (row["window"]["start"] - EIGHT) // HOUR) for row in found["items"]]


async def test_all_topologies(client: Client) -> None:
    """In the order they were registered."""
    found = await body(client, "/api/v1/topologies")
    assert [one["name"] for one in found["items"]] == ["revenue", "enrichment"]
    assert await body(client, "/api/v1/topologies/enrichment") == found["items"][1]


async def test_one_topology(client: Client) -> None:
    """State, what it reads and writes, tasks, counters, tables."""
    assert await body(client, "/api/v1/topologies/revenue") == {
        "name": "revenue",
        "group": "streamapp-revenue",
        "state": "running",
        "error": None,
        "lag": 7,
        "rate": 0,
        "commit_ms": 25.0,
        "sources": ["sales"],
        "sinks": [],
        "tables": [
            {"name": "revenue-per-hour", "kind": "window", "window_size": HOUR, "retention": 800 * 24 * HOUR},
        ],
        "tasks": [
            {"id": "0_0", "lag": 7, "late": 3, "positions": [{"topic": "sales", "partition": 0, "position": 1200}]},
            {
                "id": "1_0",
                "lag": 0,
                "late": 0,
                "positions": [
                    {"topic": "streamapp-revenue-by-country-repartition", "partition": 0, "position": 1100},
                ],
            },
        ],
        "restores": [],
        "standbys": [],
        "counters": {
            "records_in": 2300,
            "records_out": 1100,
            "late": 4,
            "dropped": 0,
            "dead_letters": 0,
            "commits": 20,
            "aborts": 0,
            "commit_seconds": 0.5,
        },
    }


async def test_a_topology_that_has_not_begun(client: Client, runtime: MemoryRuntime) -> None:
    """Is known by its plan alone."""
    runtime.applications = {}
    found = await body(client, "/api/v1/topologies/enrichment")
    assert (found["state"], found["group"], found["tasks"], found["lag"]) == ("starting", None, [], 0)
    assert found["sources"] == ["users", "sales"]


async def test_rows_of_windows(client: Client, runtime: MemoryRuntime) -> None:
    """Key, window, value, timestamp."""
    runtime.applications["revenue"].put("revenue-per-hour", windowed("EIRE", EIGHT, 3, 250))
    assert await body(client, REVENUE) == {
        "items": [
            {
                "key": "EIRE",
                "window": {"start": EIGHT, "end": EIGHT + HOUR},
                "value": {"rows": 3, "pence": 250},
                "timestamp": EIGHT + 1000,
            }
        ],
        "next": None,
        "incomplete": [],
    }


async def test_rows_without_windows_in_terms_of_json(client: Client, runtime: MemoryRuntime) -> None:
    """The window is null; bytes, tuples and structs are what JSON has for them."""
    values = {"text": "<b>", b"bytes": b"\xff", ("a", 1): Revenue(1, 2), 7: None, 1.5: {1: [b"x"]}}
    runtime.applications["enrichment"].put(
        "users", *({"key": key, "window": None, "value": value, "timestamp": 5} for key, value in values.items())
    )
    found = await body(client, USERS)
    assert [(row["key"], row["value"]) for row in found["items"]] == [
        ("text", "<b>"),
        ("bytes", {"base64": "/w=="}),
        (["a", 1], {"rows": 1, "pence": 2}),
        (7, None),
        (1.5, {"1": ["eA=="]}),
    ]
    assert {row["window"] for row in found["items"]} == {None}


@pytest.mark.usefixtures("hours")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"key": "EIRE"}, [("EIRE", 2), ("EIRE", 1), ("EIRE", 0)]),
        ({"prefix": "Fr"}, [("France", 2), ("France", 1), ("France", 0)]),
        ({"from": str(EIGHT + HOUR), "key": "EIRE"}, [("EIRE", 2), ("EIRE", 1)]),
        ({"to": str(EIGHT + HOUR)}, [("France", 0), ("EIRE", 0)]),
        ({"from": "2010-12-01T09:00:00Z", "to": "2010-12-01T10:00:00Z"}, [("France", 1), ("EIRE", 1)]),
        ({"from": "2010-12-01T09:00", "to": "2010-12-01T11:00:00+01:00"}, [("France", 1), ("EIRE", 1)]),
        ({"to": "2010-12-01 08:00:00.001", "prefix": "E"}, [("EIRE", 0)]),
        ({"from": "2010-12-02"}, []),
        ({"to": "-1"}, []),
        ({"limit": "1"}, [("France", 2)]),
        (
            {
                "key": "",
                "prefix": "",
                "from": "",
                "to": "",
                "limit": "",
                "cursor": "",
            },
            None,
        ),
    ],
)
async def test_what_a_query_asks_for(
    client: Client, query: dict[str, str], expected: list[tuple[str, int]] | None
) -> None:
    """Each parameter restricts; one that is empty is as if it was not given."""
    everything = [(country, hour) for hour in (2, 1, 0) for country in ("France", "EIRE")]
    assert names(await body(client, REVENUE, params=query)) == (everything if expected is None else expected)


@pytest.mark.usefixtures("hours")
@pytest.mark.parametrize("at_once", [1, 2, 1000])
async def test_cursors_lead_through_all_rows(client: Client, runtime: MemoryRuntime, at_once: int) -> None:
    """Pages are full however little the worker looks at in one go, and the last has no next."""
    runtime.applications["revenue"].at_once = at_once
    seen: list[tuple[str, int]] = []
    cursor: str | None = ""
    for _ in range(2):
        found = await body(client, REVENUE, params={"limit": "3", "cursor": cursor or ""})
        assert len(found["items"]) == 3
        seen += names(found)
        cursor = found["next"]
    assert cursor is None
    assert seen == [(country, hour) for hour in (2, 1, 0) for country in ("France", "EIRE")]
    rare = await body(client, REVENUE, params={"limit": "3", "prefix": "EI"})
    assert names(rare) == [("EIRE", 2), ("EIRE", 1), ("EIRE", 0)]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("keys=a", "there is no query parameter 'keys': use key, prefix, start_key, end_key, from, to, as_of"),
        ("exact=1", "there is no query parameter 'exact'"),
        ("key=a&prefix=b", "key and prefix are given together: use one of them"),
        ("key=a&start_key=b", "key and start_key are given together: use one of them"),
        ("prefix=a&end_key=b", "prefix and end_key are given together: use one of them"),
        ("as_of=5", "table 'revenue-per-hour' keeps no history: leave out as_of, or make the table with table(TOPIC"),
        ("from=yesterday", "from is 'yesterday': give milliseconds since 1970, or a time such as"),
        ("to=2010-13-01", "to is '2010-13-01'"),
        ("to=--5", "to is '--5'"),
        ("to=9223372036854775808", "to is '9223372036854775808'"),
        ("from=" + "9" * 5000, "from is '999"),
        ("from=5&to=5", "from (5) is not before to (5)"),
        ("limit=0", "limit is '0': give a number from 1 to 1000"),
        ("limit=1001", "limit is '1001'"),
        ("limit=-1", "limit is '-1'"),
        ("limit=ten", "limit is 'ten'"),
        ("limit=1.0", "limit is '1.0'"),
        ("cursor=made-up", "cursor 'made-up' is not one that this table gave"),
    ],
)
async def test_a_wrong_query_is_told_what_would_do(client: Client, query: str, words: str) -> None:
    """400, and a sentence that names the parameter, its value and the remedy."""
    problem = await body(client, f"{REVENUE}?{query}", 400)
    assert words in problem["detail"]
    assert problem["status"] == 400


async def test_times_are_for_windows(client: Client) -> None:
    """A table without windows refuses from and to instead of passing over them."""
    problem = await body(client, f"{USERS}?from=5", 400)
    assert problem["detail"] == "table 'users' has no windows: leave out from and to"


@pytest.mark.parametrize("path", ["", "/stream", "/tables/revenue-per-hour", "/tables/revenue-per-hour/stream"])
async def test_an_unknown_topology_is_told_what_there_is(client: Client, path: str) -> None:
    """404 with the names of those that exist."""
    problem = await body(client, f"/api/v1/topologies/revenu{path}", 404)
    assert problem["existing"] == ["revenue", "enrichment"]
    assert problem["detail"] == "there is no topology 'revenu' in this worker; known: revenue, enrichment"


@pytest.mark.parametrize("path", ["", "/stream"])
async def test_an_unknown_table_is_told_what_there_is(client: Client, path: str) -> None:
    """404 with the names of the topology's tables."""
    problem = await body(client, f"/api/v1/topologies/enrichment/tables/user{path}", 404)
    assert problem["existing"] == ["users"]


@pytest.mark.parametrize("path", ["", "/stream"])
async def test_tables_without_tasks_cannot_be_read_now(client: Client, runtime: MemoryRuntime, path: str) -> None:
    """503 while the topology starts, and while other workers have all its tasks; wrong use is still told first."""
    runtime.applications["enrichment"].tasks = {}
    problem = await body(client, USERS + path, 503)
    assert problem["detail"].startswith("topology 'enrichment' is running and has no tasks here")
    del runtime.applications["enrichment"]
    assert "is starting" in (await body(client, USERS + path, 503))["detail"]
    await body(client, f"{USERS}{path}?limit=0", 400)


async def test_missing_tasks_are_named(client: Client, runtime: MemoryRuntime) -> None:
    """In every page, so that nobody takes a part for the whole."""
    runtime.applications["enrichment"].incomplete = ["0_1"]
    assert (await body(client, USERS))["incomplete"] == ["0_1"]


async def test_what_is_being_restored_shows_speed_and_time_left(client: Client, runtime: MemoryRuntime) -> None:
    """In the API, on the page and in the metrics; a time left only when there is a speed."""
    application = runtime.applications["revenue"]
    application.restores = [
        MemoryRestore("1_0", "revenue-per-hour", 500_000, 1_000_000, 250_000.44, 4.02),
        MemoryRestore("1_1", "revenue-per-hour", 0, 7, 0.0, None),
    ]
    found = await body(client, "/api/v1/topologies/revenue")
    named = {"store": "revenue-per-hour"}
    assert found["restores"] == [
        named | {"task": "1_0", "records": 500_000, "left": 1_000_000, "rate": 250_000.4, "seconds_left": 4.0},
        named | {"task": "1_1", "records": 0, "left": 7, "rate": 0.0, "seconds_left": None},
    ]
    page = await (await client.get("/topologies/revenue")).text()
    assert "Being restored" in page
    assert "1,000,000" in page
    assert "4 s" in page
    metrics = await (await client.get("/metrics")).text()
    labels = '{topology="revenue",task="1_0",store="revenue-per-hour"}'
    assert f"streamapp_restore_left_offsets{labels} 1000000" in metrics
    assert f"streamapp_restore_records_per_second{labels} 250000.44" in metrics


async def test_what_is_followed_shows_how_far_behind_it_is(client: Client, runtime: MemoryRuntime) -> None:
    """In the API, on the page and in the metrics."""
    runtime.applications["revenue"].standbys = [MemoryRestore("1_2", "revenue-per-hour", 0, 12_345, 0.0, None)]
    found = await body(client, "/api/v1/topologies/revenue")
    assert found["standbys"] == [{"task": "1_2", "store": "revenue-per-hour", "behind": 12_345}]
    page = await (await client.get("/topologies/revenue")).text()
    assert "Standbys" in page
    assert "12,345" in page
    metrics = await (await client.get("/metrics")).text()
    assert 'streamapp_standby_behind_offsets{topology="revenue",task="1_2",store="revenue-per-hour"} 12345' in metrics
