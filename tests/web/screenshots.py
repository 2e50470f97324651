"""Takes the pictures of the README and the docs: `python -m tests.web.screenshots FOLDER`.

A broker, a worker with every topology, a public that shops, and a browser that looks. Knows nothing of what the docs
say about the pictures.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import msgspec

from streamapp.kafka.broker.server import Broker
from tests.integration.worker.conftest import ROOT, Bench, until
from tests.web.browser import Window, chromium
from topologies.events import OrderLine, OrderPlaced, RetailRow
from topologies.services.shoppers import Shoppers, invoice

TABLE = "/topologies/revenue/tables/revenue-per-hour"
BEGIN = 1_322_985_600_000  # 2011-12-04T08:00:00Z
ORDER_EVERY = 97_000  # ms of event time
ORDERS = 3_000
WARM_UP = 40.0  # seconds of shopping before the first picture
LARGEST = 300_000  # bytes

PICTURES = {
    "overview": ("/", 1280, 680, False),
    "topology": ("/topologies/revenue", 1280, 1120, False),
    "topology-join": ("/topologies/email", 1280, 720, True),
    "table": (TABLE, 1280, 760, False),
    "table-dark": (TABLE, 1280, 760, True),
    "table-phone": (TABLE, 390, 760, False),
}
"""Name: page, width, height, and whether in the dark scheme."""


def line(key: str | None, value: Any, timestamp: int | None = None) -> str:
    """A record as a line of `streamapp produce`."""
    record = {"key": key, "value": value} | ({} if timestamp is None else {"timestamp": timestamp})
    return msgspec.json.encode(record).decode() + "\n"


class Shop:
    """What a made-up public does; orders come at regular event times."""

    def __init__(self) -> None:
        self.public = Shoppers(seed=7)
        self._rows = 0

    def orders(self) -> Iterator[tuple[str, list[str]]]:
        """Each order as a line of the topic `orders`, and its invoice as lines of `retail`."""
        for number in itertools.count():
            order, rows = self._order(self.public.checkout(), f"order-{number:06}")
            timestamp = BEGIN + number * ORDER_EVERY
            yield line(order.order_id, order), [line(row.customer, row, timestamp) for row in rows]

    def _order(self, body: dict[str, Any], order_id: str) -> tuple[OrderPlaced, list[RetailRow]]:
        rows = invoice(body, order_id, self._rows)
        self._rows += len(rows)
        lines = tuple(OrderLine(row.stock_code, row.quantity, row.mills // 10) for row in rows)
        return OrderPlaced(order_id, body["customer_id"], body["country"], lines), rows


def shop_live(bench: Bench, shop: Shop, orders: Iterator[tuple[str, list[str]]], ended: threading.Event) -> None:
    """Orders, activity and messages, some each quarter of a second, until `ended`."""
    pipes = {topic: pipe(bench, topic) for topic in ("orders", "retail", "activity", "input-topic")}
    while not ended.wait(0.25):
        for order, rows in itertools.islice(orders, 8):
            send(pipes["orders"], order)
            send(pipes["retail"], *rows)
        activities = [shop.public.activity() for _ in range(10)]
        send(pipes["activity"], *(line(activity.user_id, activity) for activity in activities))
        send(pipes["input-topic"], line(None, shop.public.message()))
    for one in pipes.values():
        one.communicate()


def pipe(bench: Bench, topic: str) -> subprocess.Popen[str]:
    """A `streamapp produce` that waits for lines."""
    command = [sys.executable, "-m", "streamapp", "produce", topic]
    made = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=ROOT, env=bench.environment)
    bench.processes.append(made)
    return made


def send(to: subprocess.Popen[str], *lines: str) -> None:
    """Writes lines at once."""
    stdin: IO[str] | None = to.stdin
    assert stdin is not None
    stdin.writelines(lines)
    stdin.flush()


def take(folder: Path, url: str, profile: Path) -> None:
    """Opens each page and writes its picture, which must not be too large for a README."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium(profile) as driver:
        window = Window(driver, url)
        for name, (path, width, height, dark) in PICTURES.items():
            window.open(path, width, height, dark=dark)
            window.until(lambda: window.texts("#live-state") == ["Live"], "the page is live")
            picture = folder / f"{name}.png"
            window.screenshot(picture)
            size = picture.stat().st_size
            assert size < LARGEST, f"{picture} has {size} bytes"
            print(f"{picture}: {size} bytes")
        assert window.complaints() == []


def run(folder: Path, temporary: Path) -> None:
    """Fills the topics, starts the worker, and looks at it while the public shops on."""
    broker = Broker(temporary / "broker")
    bench = Bench(
        os.environ
        | {
            "STREAMAPP_BOOTSTRAP_SERVERS": broker.start().bootstrap_servers,
            "STREAMAPP_STATE_DIR": str(temporary / "state"),
            "STREAMAPP_WEB_PORT": "0",
        },
        temporary,
        "streamapp",
    )
    ended = threading.Event()
    try:
        bench.run("topics", "create", "--all", "--config", "retention.ms=-1")
        shop = Shop()
        orders = shop.orders()
        bench.run("produce", "users", stdin="".join(line(key, user) for key, user in shop.public.users.items()))
        past = [row for _, rows in itertools.islice(orders, ORDERS) for row in rows]
        bench.run("produce", "retail", stdin="".join(past))
        worker = bench.start("worker")
        until(lambda: bench.lag("revenue") == 0, "the past is processed")
        shopping = threading.Thread(target=shop_live, args=(bench, shop, orders, ended))
        shopping.start()
        time.sleep(WARM_UP)
        take(folder, json.loads((temporary / "state/streamapp/worker.json").read_bytes())["web"], temporary / "profile")
        ended.set()
        shopping.join()
        bench.stop(worker)
    finally:
        ended.set()
        for process in bench.processes:
            if process.poll() is None:
                process.kill()
        broker.stop()


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        run(Path(sys.argv[1]), Path(made))
