"""The whole way: records into Kafka, the worker's tables, and the page in a browser that changes by itself."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from selenium.webdriver import Chrome

from tests.integration.worker.conftest import Bench, until
from tests.web.browser import Window

NOON = 1_600_000_000_000 - 1_600_000_000_000 % 60_000
MINUTE = 60_000


def reading(sensor: str, sequence: int, timestamp: int) -> dict[str, Any]:
    """A record of the pipelines' input."""
    return {"key": sensor, "value": {"sensor": sensor, "sequence": sequence}, "timestamp": timestamp}


@pytest.fixture
def input_topic(bench: Bench) -> str:
    """The input of the pipelines, in two partitions; their output is there too."""
    for name in (f"readings-{bench.prefix}", f"totals-{bench.prefix}"):
        bench.topic(name, 2)
    return f"readings-{bench.prefix}"


def web(bench: Bench) -> str:
    """Where the worker says its pages are."""
    address: str = json.loads((bench.folder / "state" / bench.prefix / "worker.json").read_bytes())["web"]
    return address


def answer(address: str) -> Any:
    """The JSON at an address of the worker."""
    with urllib.request.urlopen(address, timeout=10) as found:  # noqa: S310 - the worker's own address
        return json.load(found)


def rows(window: Window) -> list[list[str]]:
    """Key, window start and fields of each row on a table's page."""
    cells = """
        return Array.from(document.querySelectorAll(".rows tbody tr"), (row) =>
            Array.from(row.cells, (cell) => cell.innerText));
    """
    return [[cell for place, cell in enumerate(row) if place not in {2, 5}] for row in window.value(cells)]


def test_records_show_on_the_page_and_more_of_them_change_it(bench: Bench, driver: Chrome, input_topic: str) -> None:
    """Through a repartition topic and two tasks, without a reload; page, API and command line agree."""
    bench.produce(input_topic, [reading("north", 1, NOON), reading("<b>", 2, NOON), reading("north", 3, NOON + MINUTE)])
    worker = bench.start("worker", "totals", "sensors")
    window = Window(driver, web(bench))
    window.complaints()
    window.hosts()
    window.open("/topologies/sensors/tables/total-per-sensor")
    expected = [
        ["north", "2020-09-13T12:27:00Z", "1", "3"],
        ["north", "2020-09-13T12:26:00Z", "1", "1"],
        ["<b>", "2020-09-13T12:26:00Z", "1", "2"],
    ]
    window.until(lambda: rows(window) == expected, "the first rows")
    window.value("document.body.dataset.same = 'yes'")
    bench.produce(input_topic, [reading("north", 10, NOON + 5), reading("south", 4, NOON + 2 * MINUTE)])
    expected[1] = ["north", "2020-09-13T12:26:00Z", "2", "11"]
    expected.insert(0, ["south", "2020-09-13T12:28:00Z", "1", "4"])
    window.until(lambda: rows(window) == expected, "the rows after more input")
    assert window.value("return document.body.dataset.same") == "yes"

    found = answer(f"{window.url}/api/v1/topologies/sensors/tables/total-per-sensor")
    assert (found["next"], found["incomplete"]) == (None, [])
    printed = [json.loads(line) for line in bench.run("sensors", "table", "total-per-sensor").splitlines()]
    assert found["items"] == printed

    window.open("/topologies/totals")
    window.until(lambda: "Lag\n0records" in "".join(window.texts(".stat")), "no lag")
    window.until(lambda: "Records in\n5" in window.texts(".stat"), "what was processed")
    assert window.texts(".state") == ["running"]
    assert window.complaints() == []
    assert window.hosts() == {window.url.removeprefix("http://")}
    bench.stop(worker)
    window.until(lambda: window.texts("#live-state") == ["Reconnecting"], "the page notices that the worker is gone")


def test_a_page_follows_a_worker_through_a_kill(bench: Bench, driver: Chrome, input_topic: str) -> None:
    """The second worker at the same address has what the first had committed, and the page goes on by itself."""
    bench.produce(input_topic, [reading("north", 1, NOON)])
    first = bench.start("worker", "totals")
    window = Window(driver, web(bench))
    window.open("/topologies/totals/tables/total-per-key")
    cells = ".rows tbody tr > *"
    window.until(lambda: window.texts(cells)[:3] == ["north", "1", "1"], "the first row")
    port = window.url.rpartition(":")[2]
    bench.kill(first)
    bench.produce(input_topic, [reading("north", 2, NOON)])
    bench.start("worker", "totals", STREAMAPP_WEB_PORT=port)
    until(lambda: web(bench) == window.url, "the second worker has the address of the first")
    window.until(lambda: window.texts(cells)[:3] == ["north", "2", "3"], "the row goes on")


def test_two_workers_name_what_the_other_has(bench: Bench, input_topic: str) -> None:
    """Each has the rows of its own tasks and says which are missing; together they have all."""
    keys = [f"key-{number}" for number in range(20)]
    bench.produce(input_topic, [reading(key, 1, NOON) for key in keys])
    bench.start("worker", "totals")
    addresses = [web(bench)]
    table = "api/v1/topologies/totals/tables/total-per-key"
    until(lambda: len(answer(f"{addresses[0]}/{table}")["items"]) == len(keys), "all rows in the first worker")
    bench.start("worker", "totals", STREAMAPP_STATE_DIR=str(bench.folder / "other"))
    other = bench.folder / "other" / bench.prefix / "worker.json"
    addresses.append(json.loads(other.read_bytes())["web"])

    def pages() -> list[Any]:
        return [answer(f"{address}/{table}") for address in addresses]

    until(lambda: all(readable(f"{address}/{table}") for address in addresses), "both have a task")
    until(lambda: sorted(task for page in pages() for task in page["incomplete"]) == ["0_0", "0_1"], "one task each")
    until(
        lambda: sorted(row["key"] for page in pages() for row in page["items"]) == sorted(keys), "all rows in the two"
    )
    assert all(page["items"] for page in pages())
    printed = [json.loads(line)["key"] for line in bench.run("totals", "table", "total-per-key").splitlines()]
    assert sorted(printed) == sorted(keys), "one worker has not all, so the command reads the log"


def readable(address: str) -> bool:
    """Whether a table can be read there now."""
    try:
        answer(address)
    except urllib.error.HTTPError as error:
        return error.code != 503
    return True


def test_metrics_and_probes_of_a_worker(bench: Bench, input_topic: str) -> None:
    """Counters match what went through, late records included; readiness follows the topologies."""
    late = [reading("north", 5, NOON + 200 * 60 * MINUTE), reading("north", 6, NOON)]
    broken = [{"key": "bad", "value": "{not json"}]
    bench.produce(input_topic, [*late, *broken])
    bench.start("worker", "sensors")
    address = web(bench)

    def counters() -> dict[str, float]:
        counted: dict[str, float] = answer(f"{address}/api/v1/topologies/sensors")["counters"]
        return counted

    until(lambda: counters()["records_in"] == 5, "three records in, two of them through the repartition topic")
    until(lambda: answer(f"{address}/api/v1/topologies/sensors")["lag"] == 0, "no lag")
    wanted = {"records_out": 2, "late": 1, "dropped": 0, "dead_letters": 1, "aborts": 0}
    assert {name: counters()[name] for name in wanted} == wanted
    assert sum(task["late"] for task in answer(f"{address}/api/v1/topologies/sensors")["tasks"]) == 1
    assert answer(f"{address}/readyz") == {"status": "ok", "topologies": {"sensors": "running"}}
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as found:  # noqa: S310 - the worker's own address
        lines = found.read().decode().splitlines()
    assert 'streamapp_late_records_total{topology="sensors"} 1' in lines
