"""The topology `email`: what customers are told, once, and that a letter reaches the mail server or waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope

from streamapp import Failure, Retry
from streamapp.testing.driver import TopologyDriver
from tests.topologies.shop import event_headers, placed
from topologies import email
from topologies.email import LetterRefusedError, ServerAwayError, deliver, letter, try_again
from topologies.events import (
    EMAILS,
    EMAILS_SENT,
    PAYMENTS,
    SHIPMENTS,
    EmailSent,
    OrderShipped,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
)

ORDER = placed(pieces=2, pence=303)
SHIPPED = OrderShipped.of(ORDER)
LETTER = letter(SHIPPED)


@pytest.fixture
def driver() -> Iterator[TopologyDriver]:
    """The topology without Kafka, and without a mail server."""
    with TopologyDriver(email.topology) as running:
        yield running


class Mailbox:
    """A mail server: keeps letters, or answers them with `answer`."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Takes one letter."""
        if self.answer.startswith("250"):
            self.letters.append(envelope)
        return self.answer


@pytest_asyncio.fixture
async def mailbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mailbox]:
    """A mail server that runs, and is the shop's."""
    made = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(made), "127.0.0.1", 0)
    monkeypatch.setenv("SHOP_SMTP", f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    yield made
    server.close()


@pytest.mark.parametrize(
    ("event", "topic", "subject", "text"),
    [
        (
            SHIPPED,
            SHIPMENTS,
            "Thank you for your order",
            "We have received 6.06, and your 2 pieces are on their way.",
        ),
        (
            PaymentFailed.of(ORDER, reason="the card was declined"),
            PAYMENTS,
            "We are sorry: your order could not be taken",
            "We have not collected 6.06: the card was declined.",
        ),
        (
            PaymentRefunded.of(ORDER, reason="too heavy"),
            PAYMENTS,
            "We are sorry: you have your money back",
            "We could not ship your order: too heavy. We have given back 6.06.",
        ),
    ],
)
def test_a_customer_is_told_how_an_order_has_ended(
    driver: TopologyDriver, event: Any, topic: Any, subject: str, text: str
) -> None:
    """One letter, with the exact amount and the event's time; a payment alone is no end."""
    driver.pipe(PAYMENTS, "o-1", PaymentCaptured.of(ORDER), timestamp=1_000)
    assert driver.read(EMAILS) == []
    driver.pipe(topic, "o-1", event, timestamp=2_000)
    (record,) = driver.read(EMAILS)
    assert (record.key, record.timestamp) == ("o-1", 2_000)
    assert (record.value.customer_id, record.value.subject, record.value.body) == ("ada", subject, text)


def test_a_customer_is_told_once(driver: TopologyDriver) -> None:
    """However often the event comes, with one id or several, also over a restart."""
    for number in (1, 1, 2):
        driver.pipe(SHIPMENTS, "o-1", SHIPPED, headers=event_headers(f"event-{number}"))
        driver.restart()
    assert driver.pairs(EMAILS) == [("o-1", LETTER)]


def test_a_letter_carries_the_correlation_id_of_the_request(driver: TopologyDriver) -> None:
    """The shipment is its cause."""
    driver.pipe(SHIPMENTS, "o-1", SHIPPED, headers=event_headers("event-2", "request-1"))
    (record,) = driver.read(EMAILS)
    given = dict(record.headers)
    assert (given["ce_correlationid"], given["ce_causationid"], given["ce_type"]) == (
        b"request-1",
        b"event-2",
        b"Email",
    )


def test_without_a_mail_server_letters_stay_on_their_topic(driver: TopologyDriver) -> None:
    """Nothing is said to have been sent, and nothing fails."""
    driver.pipe(SHIPMENTS, "o-1", SHIPPED)
    assert (len(driver.read(EMAILS)), driver.read(EMAILS_SENT), driver.dead_letters) == (1, [], [])


async def test_a_letter_reaches_the_mail_server(mailbox: Mailbox) -> None:
    """With a Message-ID that is the same whenever it is sent."""
    assert [await deliver(LETTER) for _ in range(2)] == [EmailSent("o-1", LETTER.message_id)] * 2
    first, again = mailbox.letters
    assert first.rcpt_tos == ["ada@customers.example"]
    assert isinstance(first.content, bytes)
    assert b"Message-ID: <o-1.shipped@streamapp.example>\r\n" in first.content
    assert b"your 2 pieces are on their way." in first.content
    assert again.content == first.content


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 later", ServerAwayError), ("554 never", LetterRefusedError)],
)
async def test_what_the_server_says_is_understood(mailbox: Mailbox, answer: str, error: type[Exception]) -> None:
    """4xx is for now, 5xx for good (RFC 5321, 4.2.1)."""
    mailbox.answer = answer
    with pytest.raises(error, match=answer[4:]):
        await deliver(LETTER)


async def test_a_server_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its address."""
    monkeypatch.setenv("SHOP_SMTP", "127.0.0.1:1")
    with pytest.raises(ServerAwayError, match="no mail server takes letters at"):
        await deliver(LETTER)


@pytest.mark.parametrize(
    ("error", "attempt", "decision"),
    [
        (ServerAwayError("away"), 1, Retry(200)),
        (ServerAwayError("away"), 1_000, Retry(5_000)),
        (TimeoutError("slow"), 2, Retry(400)),
        (LetterRefusedError("never"), 1, "dead_letter"),
        (ValueError("a mistake"), 1, "dead_letter"),
    ],
)
def test_a_letter_waits_for_the_server_however_long_that_takes(
    error: Exception, attempt: int, decision: object
) -> None:
    """Only what can never be sent is put aside."""
    assert try_again(Failure("process", error, "outbox", 0, 0, 0, b"o-1", b"{}", (), None, attempt)) == decision
