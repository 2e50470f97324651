"""The shop on a real broker: what is ordered can be read at once, a key outlives the checkout, a broker may be away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from streamapp.kafka.broker.server import Broker
from tests.integration.worker.conftest import ROOT, Bench, opened

BODY = {"customer_id": "ada", "country": "France", "lines": [{"sku": "mug", "quantity": 2, "unit_price": "2.50"}]}
TOPOLOGIES = ("orders", "inventory", "billing", "shipping", "orders-read-model", "customer-dashboard")


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that a test may stop."""
    made = Broker(tmp_path / "broker")
    yield made
    made.stop()


@pytest.fixture
def bench(own_broker: Broker, tmp_path: Path) -> Iterator[Bench]:
    """The shop's topics on it."""
    with opened(own_broker.start().bootstrap_servers, tmp_path, "topologies:TOPOLOGIES") as made:
        made.run("topics", "create", "--all", "--partitions", "4", "--config", "retention.ms=-1")
        yield made


def service(bench: Bench, name: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """A service that runs, and its address."""
    log = (bench.folder / f"{name}-{len(bench.processes)}.log").open("w")
    command = [sys.executable, "-m", "streamapp", name, "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env=bench.environment | environment
    )
    bench.processes.append(process)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["url"]


def position(answer: dict[str, Any]) -> str:
    """As the storefront wants it."""
    return "/".join(str(part) for part in answer["position"].values())


async def test_what_is_ordered_can_be_read_at_once_and_ordered_once(bench: Bench, own_broker: Broker) -> None:
    """A position is waited for; a checkout that starts again knows its keys; without a broker nothing is accepted."""
    worker = bench.start("worker", *TOPOLOGIES)
    pages = json.loads((bench.folder / "state" / bench.prefix / "worker.json").read_text(encoding="utf-8"))["web"]
    first, address = service(bench, "checkout")
    _, storefront = service(bench, "storefront", SHOP_WORKERS=pages, SHOP_PATIENCE="60")
    key = {"Idempotency-Key": "k-1"}
    async with ClientSession() as session:
        async with session.post(f"{address}/checkout", json=BODY, headers=key) as response:
            text, answer = await response.text(), await response.json()
        assert response.status == 202
        where = f"?position={position(answer)}"
        async with session.get(f"{storefront}/orders/{answer['order_id']}{where}") as response:
            order = await response.json()
        assert (response.status, order["order"]["customer_id"], order["order"]["pence"]) == (200, "ada", 500)
        async with session.get(f"{storefront}/orders{where}&customer=ada") as response:
            assert [one["order_id"] for one in (await response.json())["items"]] == [answer["order_id"]]
        async with session.get(f"{storefront}/customers/ada{where}") as response:
            assert (response.status, (await response.json())["orders"]) == (200, 1)
        bench.kill(first)
        _, address = service(bench, "checkout")
        async with session.post(f"{address}/checkout", json=BODY, headers=key) as response:
            assert (response.status, await response.text()) == (202, text)
        async with session.post(f"{address}/checkout", json=BODY | {"country": "Norway"}, headers=key) as response:
            assert response.status == 422
        assert len(bench.consume("orders")) == 1
        bench.stop(worker)
        own_broker.stop()
        async with session.post(f"{address}/checkout", json=BODY) as response:
            assert response.status == 503
            assert "no Kafka broker" in (await response.json())["error"]
        own_broker.start()
        async with session.post(f"{address}/checkout", json=BODY) as response:
            assert response.status == 202
        assert len(bench.consume("orders")) == 2
