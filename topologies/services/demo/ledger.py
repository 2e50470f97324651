"""What was ordered and what came of it: the demo's proof.

Knows nothing of processes or Kafka.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from topologies.events import PAYMENTS, PaymentRefunded


@dataclass
class Ledger:
    """Orders that were accepted, records that were made malformed on purpose, and what was seen of them."""

    orders: set[str] = field(default_factory=set)
    malformed: set[str] = field(default_factory=set)
    """Their keys."""
    payments: Counter[str] = field(default_factory=Counter)
    """Answers of billing by key, captured or failed; also of orders that are not ours."""
    emails: Counter[str] = field(default_factory=Counter)
    letters: set[str] = field(default_factory=set)
    """Message-IDs of what the mail server has taken."""
    dead_letters: Counter[str] = field(default_factory=Counter)
    due: set[str] = field(default_factory=set)
    """Topics to which something must come, by what was sent."""
    shown: Counter[str] = field(default_factory=Counter)
    """How much has come to them."""

    def recount(self) -> Ledger:
        """The same orders, of which nothing has been seen yet."""
        return Ledger(self.orders, self.malformed, letters=self.letters, due=self.due)

    @property
    def settled(self) -> bool:
        """Whether every order has been paid, or refused, and written about, and the letter is with the mail server."""
        return self.orders <= self.payments.keys() & self.emails.keys() and not self.unsent

    @property
    def unsent(self) -> set[str]:
        """The orders of ours about which the mail server has no letter."""
        return self.orders - {letter.removeprefix("<").partition(".")[0] for letter in self.letters}

    @property
    def totals(self) -> dict[str, int]:
        """How many orders, payments, e-mails and dead letters there are; of ours only."""
        return {
            "orders": len(self.orders),
            "payments": _total(self.payments, self.orders),
            "emails": _total(self.emails, self.orders),
            "dead_letters": _total(self.dead_letters, self.malformed),
        }

    def problems(self) -> list[str]:
        """What is not as it must be: one payment and one e-mail per order, one dead letter per malformed record."""
        found = [] if self.orders else ["no order was accepted"]
        for causes, cause, effects, effect in (
            (self.orders, "orders", self.payments, "payment"),
            (self.orders, "orders", self.emails, "e-mail"),
            (self.malformed, "malformed records", self.dead_letters, "dead letter"),
        ):
            lost = sum(effects[key] == 0 for key in causes)
            doubled = sum(effects[key] > 1 for key in causes)
            found += [f"{lost} of {len(causes)} {cause} have no {effect}"] if lost else []
            found += [f"{doubled} of {len(causes)} {cause} have more than one {effect}"] if doubled else []
        found += [f"nothing has come to topic {topic}" for topic in sorted(self.due) if not self.shown[topic]]
        unsent = len(self.unsent)
        return found + ([f"{unsent} of {len(self.orders)} letters have not reached the mail server"] if unsent else [])


def is_answer(record: Mapping[str, Any]) -> bool:
    """Whether a record of the payments, as `consume` prints it, is billing's answer: a refund is no second one."""
    return not isinstance(msgspec.json.decode(record["value"], type=PAYMENTS.value), PaymentRefunded)


def _total(seen: Counter[str], ours: set[str]) -> int:
    return sum(seen[key] for key in ours)
