"""The checkout over HTTP: what it takes, what it refuses and how, and the event it publishes."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from streamapp import Publisher
from streamapp.errors import KafkaUnavailableError, StreamappError
from streamapp.service import StoredRow
from topologies.events import ORDERS, OrderLine
from topologies.services import checkout

NOW = 1_291_191_960_123
BODY: dict[str, Any] = {
    "customer_id": "customer-001",
    "country": "France",
    "lines": [
        {"sku": "22423", "quantity": 2, "unit_price": "12.75"},
        {"sku": "20725", "quantity": 10, "unit_price": "1.6"},
    ],
}


@dataclass
class Sender:
    """Takes the place of Kafka: keeps what is sent, or fails with `error`."""

    sent: list[tuple[str, bytes | None, bytes | None, dict[str, bytes | None], int]] = field(default_factory=list)
    error: StreamappError | None = None

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        timestamp: int,
    ) -> tuple[int, int]:
        """Keeps one record."""
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        self.sent.append((topic, key, value, dict(headers), timestamp))
        return 3, len(self.sent) - 1

    async def read(self, topic: str, since: int) -> AsyncIterator[StoredRow]:
        """What was sent since then, behind a record that is no event."""
        yield 0, 0, None, b"no event", (("idempotency-key", b"\xff"),)
        for offset, (name, key, value, headers, timestamp) in enumerate(self.sent):
            if name == topic and timestamp >= since:
                yield 3, offset, key, value, tuple(headers.items())


@pytest.fixture
def sender() -> Sender:
    """What was sent."""
    return Sender()


@pytest_asyncio.fixture
async def client(sender: Sender) -> AsyncIterator[TestClient[Any, Any]]:
    """A customer of the checkout."""
    publisher = Publisher(sender, checkout.service.name, lambda: NOW)
    async with TestClient(TestServer(checkout.build(publisher))) as made:
        yield made


def body(**changes: Any) -> dict[str, Any]:
    """A valid request, with some fields changed."""
    return BODY | changes


def line(**changes: Any) -> dict[str, Any]:
    """A request with one line, with some fields changed."""
    return body(lines=[{"sku": "22423", "quantity": 1, "unit_price": "2.55"} | changes])


async def test_an_order_is_taken_and_published(client: TestClient[Any, Any], sender: Sender) -> None:
    """202 with two ids; one record, keyed by the order, of now, with exact money."""
    response = await client.post("/checkout", json=BODY)
    answer = await response.json()
    assert (response.status, set(answer)) == (202, {"order_id", "correlation_id", "position"})
    assert answer["position"] == {"topic": "orders", "partition": 3, "offset": 0}
    uuid.UUID(answer["order_id"])
    uuid.UUID(answer["correlation_id"])
    ((topic, key, value, _, timestamp),) = sender.sent
    assert (topic, key, timestamp) == ("orders", answer["order_id"].encode(), NOW)
    assert json.loads(value or b"") == {
        "type": "OrderPlaced",
        "card": "",
        "order_id": answer["order_id"],
        "customer_id": "customer-001",
        "country": "France",
        "lines": [
            {"sku": "22423", "quantity": 2, "unit_pence": 1275},
            {"sku": "20725", "quantity": 10, "unit_pence": 160},
        ],
    }


async def test_an_order_is_an_event(client: TestClient[Any, Any], sender: Sender) -> None:
    """CloudEvents headers say what it is, where it comes from, when, and what it belongs to."""
    answer = await (await client.post("/checkout", json=BODY)).json()
    ((*_, headers, _),) = sender.sent
    assert uuid.UUID((headers.pop("ce_id") or b"").decode())
    trace = uuid.UUID(answer["correlation_id"]).hex
    assert re.fullmatch(f"00-{trace}-[0-9a-f]{{16}}-01", (headers.pop("traceparent") or b"").decode())
    assert headers == {
        "ce_type": b"OrderPlaced",
        "ce_source": b"checkout",
        "ce_time": b"2010-12-01T08:26:00.123Z",
        "ce_specversion": b"1.0",
        "ce_correlationid": answer["correlation_id"].encode(),
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Correlation-Id": "request-7"}, "request-7"),
        (
            {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
        (
            {"X-Correlation-Id": "mine", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
            "mine",
        ),
    ],
)
async def test_a_request_may_bring_its_correlation_id(
    client: TestClient[Any, Any], sender: Sender, headers: dict[str, str], expected: str
) -> None:
    """`X-Correlation-Id` wins over the trace id of `traceparent`."""
    answer = await (await client.post("/checkout", json=BODY, headers=headers)).json()
    ((*_, sent, _),) = sender.sent
    assert answer["correlation_id"] == expected
    assert sent["ce_correlationid"] == expected.encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Correlation-Id": ""},
        {"X-Correlation-Id": "with space"},
        {"X-Correlation-Id": "x" * 129},
        {"traceparent": "00-not-a-trace-01"},
    ],
)
async def test_an_id_that_cannot_be_passed_on_is_replaced(
    client: TestClient[Any, Any], headers: dict[str, str]
) -> None:
    """The order is taken all the same, under a new id."""
    response = await client.post("/checkout", json=BODY, headers=headers)
    assert response.status == 202
    uuid.UUID((await response.json())["correlation_id"])


@pytest.mark.parametrize(
    ("price", "pence"),
    [
        ("0.29", 29),
        ("1.15", 115),
        ("4.35", 435),
        ("19.99", 1999),
        ("0", 0),
        ("7.5", 750),
        ("999999999.99", 99999999999),
    ],
)
async def test_prices_are_exact(client: TestClient[Any, Any], sender: Sender, price: str, pence: int) -> None:
    """Also those that floating point gets wrong by a penny."""
    assert (await client.post("/checkout", json=line(unit_price=price))).status == 202
    ((_, _, value, _, _),) = sender.sent
    assert json.loads(value or b"")["lines"][0]["unit_pence"] == pence


@pytest.mark.parametrize(
    ("request_body", "where"),
    [
        ({"country": "France", "lines": BODY["lines"]}, "customer_id"),
        (body(customer_id=""), "customer_id"),
        (body(customer_id=7), "customer_id"),
        (body(country="x" * 101), "country"),
        (body(country="a\tb"), "country"),
        (body(card=7), "card"),
        (body(lines=[]), "lines"),
        (body(lines=BODY["lines"] * 501), "lines"),
        (body(lines=[{"sku": "1", "quantity": 1}]), "lines[0].unit_price"),
        (line(quantity=0), "lines[0].quantity"),
        (line(quantity=1.5), "lines[0].quantity"),
        (line(quantity=100_001), "lines[0].quantity"),
        (line(unit_price=2.55), "lines[0].unit_price"),
        (line(unit_price="-1"), "lines[0].unit_price"),
        (line(unit_price="2.555"), "lines[0].unit_price"),
        (line(unit_price="2,55"), "lines[0].unit_price"),
        (line(unit_price="1e3"), "lines[0].unit_price"),
        (line(unit_price="2.55\n"), "lines[0].unit_price"),
        ([BODY], ""),
    ],
)
async def test_what_is_no_order_is_refused_with_the_field(
    client: TestClient[Any, Any], sender: Sender, request_body: object, where: str
) -> None:
    """422, the field, and a sentence that names it; nothing is published."""
    response = await client.post("/checkout", json=request_body)
    answer = await response.json()
    assert (response.status, answer["field"]) == (422, where)
    assert answer["error"].startswith(f"{where or 'the body'}: ")
    assert sender.sent == []


@pytest.mark.parametrize("data", [b"", b"{", b"customer_id=1", b'{"customer_id": "\xff"}'])
async def test_a_body_that_is_not_json_is_refused(client: TestClient[Any, Any], sender: Sender, data: bytes) -> None:
    """400, and nothing is published."""
    response = await client.post("/checkout", data=data)
    assert response.status == 400
    assert "the body is not JSON" in (await response.json())["error"]
    assert sender.sent == []


async def test_an_order_that_cannot_be_written_is_not_accepted(client: TestClient[Any, Any], sender: Sender) -> None:
    """503 with the reason, so that the customer knows to try again."""
    sender.error = KafkaUnavailableError("no broker answers at 127.0.0.1:1")
    response = await client.post("/checkout", json=BODY)
    assert (response.status, await response.json()) == (503, {"error": "no broker answers at 127.0.0.1:1"})


@pytest.mark.parametrize(("data", "reason"), [(b"", ""), (b"{}", ""), (b'{"reason": "too late"}', "too late")])
async def test_a_cancellation_is_taken(client: TestClient[Any, Any], sender: Sender, data: bytes, reason: str) -> None:
    """With or without a body: one event of the order, behind the order's own on its topic."""
    response = await client.post("/orders/o-1/cancel", data=data)
    answer = await response.json()
    assert (response.status, answer["order_id"], answer["position"]["topic"]) == (202, "o-1", "orders")
    ((topic, key, value, headers, _),) = sender.sent
    assert (topic, key, headers["ce_type"]) == ("orders", b"o-1", b"OrderCancelled")
    assert json.loads(value or b"") == {"type": "OrderCancelled", "order_id": "o-1", "reason": reason}


@pytest.mark.parametrize(
    ("path", "data", "field"),
    [("/orders/o%201/cancel", b"", "id"), ("/orders/o-1/cancel", b'{"reason": 7}', "reason")],
)
async def test_a_cancellation_that_makes_no_sense_is_refused(
    client: TestClient[Any, Any], sender: Sender, path: str, data: bytes, field: str
) -> None:
    """422 with the field; nothing is published."""
    response = await client.post(path, data=data)
    answer = await response.json()
    assert (response.status, answer["field"], sender.sent) == (422, field, [])
    assert len(answer["error"]) > len(field)


def keyed(key: str) -> dict[str, str]:
    """The header of a request that may be sent again."""
    return {"Idempotency-Key": key}


async def test_the_same_request_gets_the_same_answer(client: TestClient[Any, Any], sender: Sender) -> None:
    """One event, however often and however close together it is sent; white space does not matter."""
    answers = await asyncio.gather(*(client.post("/checkout", json=BODY, headers=keyed("k-1")) for _ in range(5)))
    spaced = await client.post("/checkout", data=json.dumps(BODY, indent=4), headers=keyed("k-1"))
    assert {answer.status for answer in (*answers, spaced)} == {202}
    assert len({await answer.text() for answer in (*answers, spaced)}) == 1
    assert len(sender.sent) == 1


@pytest.mark.parametrize(
    ("path", "again"), [("/checkout", BODY | {"country": "Norway"}), ("/orders/o-1/cancel", {}), ("/checkout", line())]
)
async def test_another_request_under_the_key_is_refused(
    client: TestClient[Any, Any], sender: Sender, path: str, again: object
) -> None:
    """422 with the key and what to do; nothing is published for it."""
    await client.post("/checkout", json=BODY, headers=keyed("k-1"))
    response = await client.post(path, json=again, headers=keyed("k-1"))
    answer = await response.json()
    assert (response.status, answer["field"], len(sender.sent)) == (422, "Idempotency-Key", 1)
    assert "'k-1' was used for another request: give each request a key of its own" in answer["error"]


async def test_a_key_outlives_the_service(client: TestClient[Any, Any], sender: Sender) -> None:
    """A service that starts again reads from the log what was answered."""
    first = await (await client.post("/checkout", json=BODY, headers=keyed("k-1"))).text()
    cancelled = await (await client.post("/orders/o-1/cancel", headers=keyed("k-2"))).text()
    publisher = Publisher(sender, checkout.service.name, lambda: NOW + 1_000)
    async with TestClient(TestServer(checkout.build(publisher))) as again:
        assert await (await again.post("/checkout", json=BODY, headers=keyed("k-1"))).text() == first
        assert await (await again.post("/orders/o-1/cancel", headers=keyed("k-2"))).text() == cancelled
        assert (await again.post("/checkout", json=line(), headers=keyed("k-1"))).status == 422
    assert len(sender.sent) == 2


async def test_a_key_is_forgotten_after_a_day(client: TestClient[Any, Any], sender: Sender) -> None:
    """By then nobody sends the same request again."""
    await client.post("/checkout", json=BODY, headers=keyed("k-1"))
    publisher = Publisher(sender, checkout.service.name, lambda: NOW + 86_400_001)
    async with TestClient(TestServer(checkout.build(publisher))) as again:
        assert (await again.post("/checkout", json=line(), headers=keyed("k-1"))).status == 202


async def test_what_has_failed_may_be_tried_again_under_its_key(client: TestClient[Any, Any], sender: Sender) -> None:
    """It is the same order then, by its id and that of its event, so that it cannot be there twice."""
    sender.error = KafkaUnavailableError("no broker answers")
    assert (await client.post("/checkout", json=BODY, headers=keyed("k-1"))).status == 503
    sender.error = None
    answer = await (await client.post("/checkout", json=BODY, headers=keyed("k-1"))).json()
    (first,) = sender.sent
    async with TestClient(
        TestServer(checkout.build(Publisher(other := Sender(), checkout.service.name, lambda: NOW)))
    ) as elsewhere:
        await elsewhere.post("/checkout", json=BODY, headers=keyed("k-1"))
    assert other.sent == sender.sent
    assert first[1] == answer["order_id"].encode()


@pytest.mark.parametrize("key", ["", "with space", "x" * 256])
async def test_a_key_that_is_none_is_refused(client: TestClient[Any, Any], sender: Sender, key: str) -> None:
    """400, with what would do."""
    response = await client.post("/checkout", json=BODY, headers=keyed(key))
    answer = await response.json()
    assert (response.status, answer["field"], sender.sent) == (400, "Idempotency-Key", [])
    assert "give 1 to 255 visible ASCII characters" in answer["error"]


async def test_other_paths_and_methods_are_refused(client: TestClient[Any, Any]) -> None:
    """There is one thing to do here."""
    assert (await client.get("/checkout")).status == 405
    assert (await client.post("/")).status == 404


async def test_each_request_is_an_order_of_its_own(client: TestClient[Any, Any], sender: Sender) -> None:
    """The same body twice is two orders."""
    for _ in range(2):
        await client.post("/checkout", json=BODY)
    assert len({key for _, key, *_ in sender.sent}) == 2


def test_what_is_sent_can_be_read_by_topologies() -> None:
    """The event's type is the one its topic is declared with."""
    request = checkout.Checkout("ada", "France", (checkout.Line("1", 3, "2.55"),))
    order = checkout.order_of(request, "o-1")
    assert type(order) in get_args(ORDERS.value)
    assert order.lines == (OrderLine("1", 3, 255),)
    assert order.pence == 765
