"""Tables of every kind, read from a running worker, from Kafka when none runs, and by code beside the topology."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.worker.conftest import Bench, opened, until
from tests.unit.everything import TABLES

MINUTE = 60_000
EMPTY = {"of-total"}
"""No total is called like a user."""


@pytest.fixture
def bench(broker: str, tmp_path: Path) -> Iterator[Bench]:
    """A bench with the topics made and input on them."""
    with opened(broker, tmp_path, "tests.integration.worker.table_pipelines:TOPOLOGIES") as made:
        # The records are of 1970: with a retention the broker deletes them at its next look.
        made.run("topics", "create", "--all", "--partitions", "2", "--config", "retention.ms=-1")
        made.topic(f"eu-orders-{made.prefix}", 2)
        produce(made)
        yield made


def produce(bench: Bench) -> None:
    """A quarter of an hour of small orders of three customers, names, rates with a past, products."""
    orders = [(key, 10, time) for time in range(0, 15 * MINUTE, 25_000) for key in ("ada", "bob", "cy\0")]
    users = [("ada", "Ada", 1), ("bob", "Bob", 1), ("eve", "Bob", 2)]
    rates = [("eur", 1, 10 * MINUTE), ("eur", 2, 20 * MINUTE), ("usd", 3, 20 * MINUTE)]
    inputs: dict[str, list[Any]] = {
        "orders": orders,
        "users": users,
        "rates": rates,
        "products": [("10", "tea", 5), ("11", "milk", 5)],
    }
    for topic, records in inputs.items():
        rows = [{"key": key, "value": value, "timestamp": time} for key, value, time in records]
        bench.produce(f"{topic}-{bench.prefix}", rows)


def rows(bench: Bench, table: str, *options: str) -> list[Any]:
    """What the command prints."""
    return [json.loads(line) for line in bench.run("everything", "table", table, *options).splitlines()]


def get(web: str, path: str) -> Any:
    """An answer of the API."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{web}/api/v1/topologies/everything{path}", timeout=20) as answer:
        return json.loads(answer.read())


def started(bench: Bench) -> str:
    """Starts a worker for all topologies; gives the address of its pages."""
    bench.start("worker")
    (file,) = (bench.folder / "state").glob("*/worker.json")
    web: str = json.loads(file.read_text(encoding="utf-8"))["web"]
    return web


def test_the_worker_and_the_log_have_the_same_rows(bench: Bench) -> None:
    """Of every kind of table, in the same order, of one key too; hidden stores are nowhere."""
    bench.run("everything", "run", "--until-end")
    logged = {table: rows(bench, table) for table in TABLES}
    assert {table for table, found in logged.items() if not found} == EMPTY
    assert {row["key"] for row in logged["visits"]} == {"ada", "bob", "cy\0"}
    assert logged["visits"][0]["window"] == {"start": 0, "end": 875_000}
    assert logged["rates"][0] == {"key": "eur", "window": None, "value": 2, "timestamp": 20 * MINUTE}
    one = rows(bench, "slides", "--key", "bob")
    assert one == [row for row in logged["slides"] if row["key"] == "bob"]
    web = started(bench)
    until(lambda: get(web, "")["lag"] == 0, "all processed")
    assert {table["name"] for table in get(web, "")["tables"]} == TABLES
    for table in TABLES:
        served = get(web, f"/tables/{table}?limit=1000")
        assert (served["incomplete"], served["next"]) == ([], None)
        assert served["items"] == logged[table] == rows(bench, table), table
    assert rows(bench, "slides", "--key", "bob") == one
    assert [row["value"] for row in get(web, f"/tables/rates?as_of={15 * MINUTE}")["items"]] == [1]
    assert [row["key"] for row in get(web, "/tables/products?start_key=11")["items"]] == ["11"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(web, "/tables/visits-times")
    assert (refused.value.code, "keeps for itself" in refused.value.read().decode()) == (404, True)
    bench.run("everything", "table", "visits-times", expect=3)


def test_code_in_the_worker_asks_for_rows(bench: Bench) -> None:
    """`streamapp.app` is the App that runs; its tables answer with what is committed."""
    bench.run("everything", "run", "--until-end")  # a lag of 0 may be a moment between two steps
    started(bench)
    questions = [("ada", "total"), ("nobody", "total"), ("bob", "visits"), ("eur", str(15 * MINUTE))]
    bench.produce(f"questions-{bench.prefix}", [{"key": key, "value": value} for key, value in questions])
    topic = f"answers-{bench.prefix}"
    until(lambda: len(bench.consume(topic)) == len(questions), "all answered", pause=0.5)
    answers = sorted((row["key"], row["value"]) for row in bench.consume(topic))
    assert answers == [("ada", "360"), ("bob", "0 to 875000: 36"), ("eur", "1"), ("nobody", "None")]


def test_consume_shows_the_windows_of_keys(bench: Bench) -> None:
    """Of outputs and of changelogs."""
    bench.run("everything", "run", "--until-end")
    visit = {"key": "ada", "start": 0, "end": 875_000}
    assert visit in [row["key"] for row in bench.consume(f"visits-{bench.prefix}") if row["value"]]
    for store in ("visits", "long-visits"):
        log = bench.consume(f"{bench.prefix}-everything-{store}-changelog")
        assert visit in [row["key"] for row in log], store
