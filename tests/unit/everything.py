"""A topology with a step of every kind, for those who show or read all there is."""

from __future__ import annotations

import os
from typing import Any

from streamapp import (
    Processor,
    ProcessorContext,
    Record,
    Session,
    Topic,
    TopicPattern,
    Topology,
    Windowed,
    global_table,
    hopping,
    join_windows,
    key_value_store,
    session,
    sliding,
    stream,
    table,
    tumbling,
    until_time_limit,
    until_window_closes,
    window_store,
)

SECOND = 1_000

SUFFIX = os.environ.get("PIPELINE_SUFFIX", "")
"""Keeps the topics of tests that share a broker apart."""

ORDERS = Topic(f"orders{SUFFIX}", key=str, value=int)
MORE = Topic(f"more-orders{SUFFIX}", key=str, value=int)
USERS = Topic(f"users{SUFFIX}", key=str, value=str)
RATES = Topic(f"rates{SUFFIX}", key=str, value=int)
PRODUCTS = Topic(f"products{SUFFIX}", key=str, value=str)
UNKEPT = Topic(f"unkept{SUFFIX}", key=str, value=str)
OUT, BIG, LATE = (Topic(f"{name}{SUFFIX}", key=str, value=int) for name in ("out", "big", "late"))
COUNTS = Topic(f"counts{SUFFIX}", key=Windowed[str], value=int)
VISITS = Topic(f"visits{SUFFIX}", key=Session[str], value=int)
NAMES = Topic(f"names{SUFFIX}", key=str, value=str)

totals_of_author = key_value_store("own-totals", key=str, value=int)
minutes_of_author = window_store("own-minutes", key=str, value=int, size=60 * SECOND, retention=600 * SECOND)


class Adding(Processor[str, int, str, int]):
    """Adds what comes to stores of its own."""

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Finds the stores."""
        self._totals, self._minutes = context.store(totals_of_author), context.store(minutes_of_author)
        self._context = context

    def process(self, record: Record[str, int]) -> None:
        """One record."""
        start = record.timestamp - record.timestamp % (60 * SECOND)
        self._totals.put(record.key, (self._totals.get(record.key) or 0) + record.value)
        self._minutes.put(record.key, start, (self._minutes.get(record.key, start) or 0) + record.value)
        self._context.forward(record)


def add(one: int, other: int) -> int:
    """A sum."""
    return one + other


def subtract(one: int, other: int) -> int:
    """A difference."""
    return one - other


def is_large(value: int) -> bool:
    """Whether a value is large."""
    return value > 100


def text_of(value: Any, other: Any) -> str:
    """Both as text."""
    return f"{value}{other}"


def first(value: int, other: Any) -> int:
    """The value of the stream."""
    return value


def either(one: int | None, other: int | None) -> int:
    """Whichever is there."""
    return one or other or 0


orders = stream(ORDERS, MORE).merge(stream(TopicPattern(f"eu-.*{SUFFIX}", key=str, value=int)))
large, small = orders.split().branch(is_large).default()
users = table(USERS, "users")
unkept = table(UNKEPT, "unkept", materialized=False)
rates = table(RATES, "rates", history=3_600 * SECOND)
products = global_table(PRODUCTS, "products")
grouped = small.group_by_key()
totals = grouped.reduce(add, "totals")
per_minute = grouped.windowed_by(tumbling(60 * SECOND)).count("per-minute")
hops = grouped.windowed_by(hopping(60 * SECOND, advance=30 * SECOND)).count("hops")
slides = grouped.windowed_by(sliding(60 * SECOND)).count("slides")
visits = grouped.windowed_by(session(30 * SECOND)).count("visits")
together = grouped.cogroup(add).aggregate(int, "together")
busy = per_minute.filter(lambda count: count > 1, "busy")
long_visits = visits.filter(lambda count: count > 1, "long-visits")
per_name = users.group_by(lambda key, name: (name, 1), "by-name", key=str, value=int)
names = per_name.count("names")
sums = per_name.reduce(add, subtract, "sums")
loud = users.map_values(str.upper, "loud")
both = users.join(loud, text_of, "both")
of_total = totals.join(users, text_of, "of-total", foreign_key=str)
kept = small.to_table("kept")

TOPOLOGY = Topology(
    "everything",
    large.peek(print).filter_not(bool).map(lambda key, value: (key, value)).to(BIG),
    large.flat_map(lambda key, value: [(key, value)]).flat_map_values(lambda value: [value]).for_each(print),
    large.print(label="large"),
    large.to(lambda value: OUT if value > 1000 else BIG, topics=(OUT, BIG)),
    small.select_key(str).repartition("by-text").map_values(abs).to(OUT),
    small.deduplicate("once", within=60 * SECOND).left_join(users, first).to(OUT),
    small.join(rates, first, "with-rates", grace=60 * SECOND).to(OUT),
    small.left_join(products, first, key=lambda order: str(order)).to(OUT),
    small.join(large, add, "pairs", within=join_windows(before=5 * SECOND, after=SECOND)).to(OUT),
    small.outer_join(large, either, "any-pairs", within=join_windows(5 * SECOND)).to(OUT),
    small.process(Adding, "adding", stores=[totals_of_author, minutes_of_author]).to(OUT),
    totals.suppress(until_time_limit(5 * SECOND), "calm").to_stream().to(OUT),
    per_minute.suppress(until_window_closes(), "final").to_stream().to(COUNTS),
    per_minute.late().to(LATE),
    hops.to_stream().to(COUNTS),
    slides.to_stream().to(COUNTS),
    visits.to_stream().to(VISITS),
    together,
    busy,
    long_visits,
    names,
    sums,
    unkept.filter(bool).to_stream().to(NAMES),
    both.to_stream().to(NAMES),
    of_total,
    kept,
)

TABLES = {
    "users",
    "rates",
    "products",
    "totals",
    "per-minute",
    "hops",
    "slides",
    "visits",
    "together",
    "busy",
    "long-visits",
    "names",
    "sums",
    "loud",
    "both",
    "of-total",
    "kept",
    "own-totals",
    "own-minutes",
}
"""What its author can look at: nobody needs the rows of `unkept`, and the other stores are the steps' own."""
