"""The tracker over HTTP: what it takes, what it refuses, and the event it publishes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from streamapp import Publisher
from streamapp.errors import KafkaUnavailableError, StreamappError
from streamapp.service import StoredRow
from topologies.events import Activity
from topologies.services import tracker

BODY = {"user_id": "ada", "action": "viewed", "page": "/sale"}


class Sender:
    """Takes the place of Kafka: keeps what is sent, or fails with `error`."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None, dict[str, bytes | None]]] = []
        self.error: StreamappError | None = None

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        timestamp: int,
    ) -> tuple[int, int]:
        """Keeps one record."""
        if self.error:
            raise self.error
        self.sent.append((topic, key, value, dict(headers)))
        return 3, len(self.sent) - 1

    async def read(self, topic: str, since: int) -> AsyncIterator[StoredRow]:
        """Nothing: nobody asks."""
        nothing: tuple[StoredRow, ...] = ()
        for row in nothing:
            yield row


@pytest.fixture
def sender() -> Sender:
    """What was sent."""
    return Sender()


@pytest_asyncio.fixture
async def client(sender: Sender) -> AsyncIterator[TestClient[Any, Any]]:
    """A page that tells what its visitor does."""
    async with TestClient(TestServer(tracker.build(Publisher(sender, "tracker", lambda: 0)))) as made:
        yield made


async def test_an_activity_is_an_event_under_its_visitor(client: TestClient[Any, Any], sender: Sender) -> None:
    """202 with its position, once it is written; the caller's correlation id goes with it."""
    response = await client.post("/activity", json=BODY, headers={"X-Correlation-Id": "visit-1"})
    assert response.status == 202
    assert await response.json() == {"position": {"topic": "activity", "partition": 3, "offset": 0}}
    ((topic, key, value, headers),) = sender.sent
    assert (topic, key, headers["ce_correlationid"]) == ("activity", b"ada", b"visit-1")
    assert msgspec.json.decode(value or b"", type=Activity) == Activity("ada", "viewed", "/sale")


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b'{"user_id": "ada", "action": "viewed"}', 422, "page"),
        (b'{"user_id": "", "action": "viewed", "page": "/"}', 422, "user_id"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: TestClient[Any, Any], sender: Sender, data: bytes, status: int, said: str
) -> None:
    """With what is wrong; nothing is written."""
    response = await client.post("/activity", data=data)
    assert response.status == status
    assert said in (await response.json())["error"]
    assert sender.sent == []


async def test_without_a_broker_it_says_to_come_again(client: TestClient[Any, Any], sender: Sender) -> None:
    """503 and `Retry-After`."""
    sender.error = KafkaUnavailableError("no broker")
    response = await client.post("/activity", json=BODY)
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
