"""The demo's proof read from the topics once more, now that nothing is added to them. Knows nothing of its course."""

from __future__ import annotations

import asyncio
import json

from topologies.analytics.events import TEMPERATURE_ALERTS
from topologies.events import (
    EMAILS,
    ENRICHED_ACTIVITY,
    FRAUD_ALERTS,
    IMPORTANT_MESSAGES,
    ORDER_HISTORY,
    PAYMENTS,
)
from topologies.features import TRAINING_ROWS
from topologies.services.demo.commands import Commands
from topologies.services.demo.ledger import Ledger, is_answer
from topologies.services.demo.load import DEAD_LETTERS_OF

SHOWN = tuple(
    topic.name
    for topic in (
        ORDER_HISTORY,
        ENRICHED_ACTIVITY,
        FRAUD_ALERTS,
        TEMPERATURE_ALERTS,
        TRAINING_ROWS,
        IMPORTANT_MESSAGES,
    )
)
"""Topics whose records are counted, besides those that prove that every order went all the way."""


async def recounted(commands: Commands, ledger: Ledger, application: str, since: int) -> Ledger:
    """What the committed records of the topics say of the ledger's orders; `since` (ms) is when the shop opened."""
    final = ledger.recount()
    counters = {PAYMENTS.name: final.payments, EMAILS.name: final.emails}
    counters |= {f"{application}-{name}-dead-letters": final.dead_letters for name in DEAD_LETTERS_OF.values()}
    topics = (*counters, *SHOWN)
    printed = await asyncio.gather(
        *(commands.must("consume", topic, "--from-beginning", "--until-end") for topic in topics)
    )
    for topic, text in zip(topics, printed, strict=True):
        records = [json.loads(line) for line in text.splitlines()]
        if topic in SHOWN:
            final.shown[topic] = sum(record["timestamp"] >= since for record in records)
        else:
            counters[topic].update(r["key"] for r in records if topic != PAYMENTS.name or is_answer(r))
    return final
