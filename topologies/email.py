"""Writes to the customer of each order how it has ended, and hands the letter to the mail server.

What is written is an event, once for each order. The letter goes out behind a repartition topic, so that a mail server
that is away holds up the letters alone: they wait and are tried again until it answers. A letter that the server had
already when the worker died goes out again under the same Message-ID, by which mail programs know it.
The server is that of `SHOP_SMTP=host:port`; without it nothing is sent, and the letters are on their topic.
"""

from __future__ import annotations

import os
from email.message import EmailMessage
from typing import Literal
from urllib.parse import quote

from streamapp import Failure, Retry, Topology
from topologies.events import (
    EMAILS,
    EMAILS_SENT,
    PAYMENTS,
    SHIPMENTS,
    Email,
    EmailSent,
    OrderShipped,
    PaymentFailed,
    PaymentRefunded,
    ShopEvent,
)
from topologies.saga import hearing, taking_part

SENDER = "shop@streamapp.example"
LONGEST_WAIT = 5_000
"""Milliseconds between two tries."""


class ServerAwayError(Exception):
    """The mail server takes nothing at the moment."""


class LetterRefusedError(Exception):
    """The mail server will never take this letter."""


def letter(event: OrderShipped | PaymentFailed | PaymentRefunded) -> Email:
    """What the customer is told."""
    amount = f"{event.pence // 100}.{event.pence % 100:02}"
    match event:
        case OrderShipped():
            kind, subject = "shipped", "Thank you for your order"
            text = f"We have received {amount}, and your {event.pieces} pieces are on their way."
        case PaymentRefunded():
            kind, subject = "refunded", "We are sorry: you have your money back"
            text = f"We could not ship your order: {event.reason}. We have given back {amount}."
        case PaymentFailed():
            kind, subject = "failed", "We are sorry: your order could not be taken"
            text = f"We have not collected {amount}: {event.reason}."
    return Email(event.order_id, event.customer_id, subject, text, f"<{event.order_id}.{kind}@streamapp.example>")


def write(written: int | None, event: ShopEvent) -> tuple[int, tuple[Email, ...]]:
    """One letter for each way an order can end, and how many that makes."""
    if written or not isinstance(event, OrderShipped | PaymentFailed | PaymentRefunded):
        return written or 0, ()
    return 1, (letter(event),)


async def deliver(email: Email) -> EmailSent | None:
    """Hands a letter to the mail server; None when there is none to hand it to."""
    import aiosmtplib  # late: only those who send mail need it

    address = os.environ.get("SHOP_SMTP")
    if not address:
        return None
    host, _, port = address.rpartition(":")
    try:
        await aiosmtplib.send(message(email), hostname=host, port=int(port), start_tls=False, timeout=4)
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [refused.code for refused in error.recipients]
        raise (LetterRefusedError if min(codes) >= 500 else ServerAwayError)(f"{address}: {error}") from error
    except aiosmtplib.SMTPResponseException as error:
        raise (LetterRefusedError if error.code >= 500 else ServerAwayError)(f"{address}: {error}") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise ServerAwayError(f"no mail server takes letters at {address}: {error!r}") from error
    return EmailSent(email.order_id, email.message_id)


def message(email: Email) -> EmailMessage:
    """The letter as it travels."""
    made = EmailMessage()
    made["From"], made["To"] = SENDER, f"{quote(email.customer_id, safe='')}@customers.example"
    made["Subject"], made["Message-ID"] = email.subject, email.message_id
    made.set_content(email.body)
    return made


def try_again(failure: Failure) -> Retry | Literal["dead_letter"]:
    """As long as the server is away; what it refuses for good is a dead letter, like anything else that fails."""
    if isinstance(failure.exception, ServerAwayError | TimeoutError):
        return Retry(min(100 * 2 ** min(failure.attempt, 10), LONGEST_WAIT))
    return "dead_letter"


def if_sent(sent: EmailSent | None) -> tuple[EmailSent, ...]:
    """Nothing, where there is no mail server."""
    return () if sent is None else (sent,)


emails = taking_part(hearing(PAYMENTS, SHIPMENTS), "letters", int, write, Email)
sent = emails.repartition("outbox").process_async(deliver, timeout_ms=5_000).flat_map_values(if_sent)

topology = Topology("email", emails.to(EMAILS), sent.to(EMAILS_SENT), on_error=try_again)
