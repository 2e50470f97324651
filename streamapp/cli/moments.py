"""Moments of a log as people type them: a time, an offset, or a record. Knows nothing of topics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from streamapp.errors import UsageError

_TIMES_FROM = 100_000_000_000
"""A number as large as this is a time in ms (from 1973 on): no partition has so many records."""


@dataclass(frozen=True, slots=True)
class Time:
    """Before the first record of each partition with a timestamp of `ms` or more."""

    ms: int


@dataclass(frozen=True, slots=True)
class Offset:
    """Before the record at this offset, in each partition."""

    number: int


@dataclass(frozen=True, slots=True)
class Place:
    """Before one record; in the other partitions, before the first with its timestamp or a later one."""

    topic: str
    partition: int
    offset: int


Moment: TypeAlias = Time | Offset | Place


def moment(option: str, text: str) -> Moment:
    """What `text` stands for; raises `UsageError` naming `option` and all that can be written."""
    if re.fullmatch(r"\d{1,18}", text):
        number = int(text)
        return Time(number) if number >= _TIMES_FROM else Offset(number)
    if place := re.fullmatch(r"([\w.-]+)[:/](\d{1,9})[:/](\d{1,18})", text, re.ASCII):
        return Place(place[1], int(place[2]), int(place[3]))
    return time_of(option, text, "an offset, or a record as TOPIC:PARTITION:OFFSET")


def time_of(option: str, text: str, others: str = "") -> Time:
    """The time `text` stands for, UTC unless it says otherwise; raises `UsageError` for what is none."""
    try:
        if text.isdecimal():
            return Time(int(text))
        found = datetime.fromisoformat(text)
    except ValueError:
        wanted = "a time as 2010-12-01, 2010-12-01T08:26:00Z or milliseconds" + (f", {others}" if others else "")
        raise UsageError(f"{option} {text!r} cannot be read: write {wanted}") from None
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    return Time(round(zoned.timestamp() * 1000))
