"""One topology for each feature of the model, with input in two parts; run by the worker and by the driver alike.

Found through `STREAMAPP_TOPOLOGIES`, as an author's own package is; what is here is also imported by the tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from streamapp import (
    HOUR,
    SECOND,
    Processor,
    ProcessorContext,
    Record,
    Session,
    Stream,
    Topic,
    TopicPattern,
    Topology,
    Windowed,
    global_table,
    hopping,
    join_windows,
    key_value_store,
    retrying,
    session,
    sliding,
    stream,
    table,
    tumbling,
    until_window_closes,
)

SUFFIX = os.environ.get("PIPELINE_SUFFIX", "")
"""Keeps the topics of tests that share a broker apart; the tests themselves have none, and add it to the names."""

Event = tuple[str, Any, Any, int]
"""Topic, key, value, timestamp (ms)."""

START = 1_600_000_000_000
COMPACT = {"cleanup.policy": "compact"}


@dataclass(frozen=True)
class Case:
    """A topology, the topics it needs with their partitions and options, and its input before and after a restart."""

    topology: Topology
    first: tuple[Event, ...]
    second: tuple[Event, ...]
    partitions: int = 1
    topics: dict[str, dict[str, str]] = field(default_factory=dict)
    wide: tuple[str, ...] = ()
    """Topics with three partitions."""

    @property
    def every_topic(self) -> set[str]:
        """Those of the input and those the topology writes."""
        return {event[0] for event in self.first + self.second} | set(self.topics)


class Measured(msgspec.Struct, frozen=True):
    """A value that says when it was taken (ms)."""

    taken_at: int


def named(case: str, side: str) -> str:
    """The name of a topic of a case."""
    return f"model-{case}-{side}{SUFFIX}"


def texts(case: str, side: str = "in") -> Topic[str, str]:
    """A topic of texts."""
    return Topic(named(case, side), key=str, value=str)


def numbers(case: str, side: str = "out") -> Topic[str, int]:
    """A topic of numbers."""
    return Topic(named(case, side), key=str, value=int)


def windows(case: str) -> Topic[Windowed[str], int]:
    """A topic of numbers by window."""
    return Topic(named(case, "out"), key=Windowed[str], value=int)


def events(topic: Topic[str, Any], first: int, count: int, step: int = SECOND, shift: int = 0) -> list[Event]:
    """Texts under three keys, `step` ms apart, now and then with a gap of ten steps."""
    return [
        (
            topic.name,
            f"k{number % 3}",
            f"{'abc'[number % 2]}{number}",
            START + shift + step * (number + number // 7 * 10),
        )
        for number in range(first, first + count)
    ]


def halves(*topics: Topic[str, Any], step: int = SECOND) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Input for all `topics`, in the order of its times, no two of which are the same."""
    parts = [
        sorted(
            (event for at, topic in enumerate(topics) for event in events(topic, first, 30, step, at * 137)),
            key=lambda event: event[3],
        )
        for first in (0, 30)
    ]
    return tuple(parts[0]), tuple(parts[1])


def both(left: str | None, right: str | None) -> str:
    """Shows the two sides, a missing one as a dot."""
    return f"{left or '.'}+{right or '.'}"


def letter(value: str) -> str:
    """The first letter."""
    return value[0]


def add(total: int, value: int) -> int:
    """The sum."""
    return total + value


def subtract(total: int, value: int) -> int:
    """The difference."""
    return total - value


def append(text: str, value: str) -> str:
    """One text behind the other."""
    return f"{text}{value} "


def sessions() -> Case:
    """Sessions that grow, merge and expire."""
    source, out = texts("sessions"), Topic(named("sessions", "out"), key=Session[str], value=int)
    counts = stream(source).group_by_key().windowed_by(session(5 * SECOND)).count("session-counts")
    return Case(Topology("sessions", counts.to_stream().to(out)), *halves(source))


def held() -> Case:
    """Results held back until their window closes."""
    source, out = texts("held"), windows("held")
    counts = stream(source).group_by_key().windowed_by(tumbling(10 * SECOND)).count("held-counts")
    return Case(
        Topology("held", counts.suppress(until_window_closes(), "held-back").to_stream().to(out)), *halves(source)
    )


def closing() -> Case:
    """Windows that overlap, told once each."""
    source, out = texts("closing"), windows("closing")
    grouped = stream(source).group_by_key().windowed_by(hopping(10 * SECOND, advance=5 * SECOND, grace=SECOND))
    return Case(Topology("closing", grouped.count("hops", emit="close").to_stream().to(out)), *halves(source))


def slid() -> Case:
    """Sliding windows."""
    source, out = texts("slid"), windows("slid")
    grouped = stream(source).group_by_key().windowed_by(sliding(4 * SECOND, grace=SECOND))
    return Case(Topology("slid", grouped.count("slides").to_stream().to(out)), *halves(source))


def paired() -> Case:
    """Two streams, the left one's records also alone."""
    left, right, out = texts("paired", "left"), texts("paired", "right"), texts("paired", "out")
    within = join_windows(before=2 * SECOND, after=SECOND, grace=SECOND)
    joined = stream(left).left_join(
        stream(right).filter(lambda value: value.endswith("1")), both, "pair", within=within
    )
    return Case(Topology("paired", joined.to(out)), *halves(left, right))


def foreign() -> Case:
    """Two tables joined by a part of the left one's value, over several partitions."""
    left, right, out = texts("foreign", "left"), texts("foreign", "right"), texts("foreign", "out")
    joined = table(left, "foreign-left").left_join(
        table(right, "foreign-right"), both, "foreign-join", foreign_key=lambda value: f"k{len(value)}"
    )
    return Case(
        Topology("foreign", joined.to_stream().to(out)),
        *halves(left, right),
        partitions=2,
        topics={left.name: COMPACT, right.name: COMPACT},
    )


def regrouped() -> Case:
    """A table summed up under other keys, with what leaves a group taken off."""
    source, out = texts("regrouped"), numbers("regrouped")
    by_letter = table(source, "regrouped-rows").group_by(
        lambda key, value: (letter(value), len(value)), "by-letter", key=str, value=int
    )
    lengths = by_letter.aggregate(int, add, subtract, "lengths")
    return Case(
        Topology("regrouped", lengths.to_stream().to(out)), *halves(source), partitions=2, topics={source.name: COMPACT}
    )


def cogrouped() -> Case:
    """Two streams in one aggregate."""
    left, right, out = texts("cogrouped", "left"), texts("cogrouped", "right"), texts("cogrouped", "out")
    grouped = stream(left).group_by_key().cogroup(append).cogroup(stream(right).group_by_key(), append)
    return Case(Topology("cogrouped", grouped.aggregate(str, "both-sides").to_stream().to(out)), *halves(left, right))


def everywhere() -> Case:
    """A global table, looked up by a part of the value; its own records come first."""
    source, rows, out = texts("everywhere"), texts("everywhere", "rows"), texts("everywhere", "out")
    joined = stream(source).join(global_table(rows, "everywhere-rows"), both, key=letter)
    first, second = halves(source)
    names = [(rows.name, key, f"name of {key}", START) for key in "abx"]
    later = [(rows.name, "a", "another name", START), (rows.name, "x", None, START)]
    return Case(
        Topology("everywhere", joined.to(out)),
        (*names, *first),
        (*later, *second),
        partitions=2,
        topics={rows.name: COMPACT},
    )


def as_it_was() -> Case:
    """A table with a history, looked up as of the record's time and after a while."""
    source, rows = texts("as-it-was"), texts("as-it-was", "rows")
    history = table(rows, "versions", history=HOUR)
    now = stream(source).left_join(history, both)
    later = stream(source).left_join(history, both, "as-it-was-waiting", grace=3 * SECOND)
    return Case(
        Topology("as-it-was", now.to(texts("as-it-was", "out")), later.to(texts("as-it-was", "late"))),
        *halves(source, rows),
    )


SUMS = key_value_store("own-sums", key=str, value=int)


class Summing(Processor[str, str, str, int]):
    """Counts by key; every ten seconds of the records' time it tells all counts, and begins anew."""

    def init(self, context: ProcessorContext[str, int]) -> None:
        """Opens the store and schedules."""
        self.context, self.sums = context, context.store(SUMS)
        context.schedule(10 * SECOND, "stream_time", self.tell)

    def process(self, record: Record[str, str]) -> None:
        """Counts a record."""
        self.sums.put(record.key, (self.sums.get(record.key) or 0) + 1)

    def tell(self, now: int) -> None:
        """Tells what there was."""
        for key, count in self.sums.range():
            self.context.forward(Record(key, count, now))
            self.sums.delete(key)


def punctual() -> Case:
    """A processor with a store and a punctuation."""
    source, out = texts("punctual"), numbers("punctual")
    return Case(
        Topology("punctual", stream(source).process(Summing, "summing", stores=[SUMS]).to(out)), *halves(source)
    )


def chosen() -> Case:
    """A topic and a partition chosen for each record."""
    source, ones, others = texts("chosen"), texts("chosen", "a"), texts("chosen", "b")
    end = stream(source).to(
        lambda value: ones if letter(value) == "a" else others,
        topics=(ones, others),
        partitioner=lambda value, count: len(value) % count,
    )
    return Case(Topology("chosen", end), *halves(source), wide=(ones.name, others.name))


def matched() -> Case:
    """Whatever topics match a pattern."""
    one, two, out = texts("matched", "in1"), texts("matched", "in2"), texts("matched", "out")
    pattern = TopicPattern(named("matched", r"in\d"), key=str, value=str)
    together = stream(pattern).group_by_key().aggregate(str, append, "matched-texts")
    return Case(Topology("matched", together.to_stream().to(out)), *halves(one, two))


def stamped() -> Case:
    """Times taken from the values, far from those Kafka has."""
    source, out = Topic(named("stamped", "in"), key=str, value=Measured), windows("stamped")
    measured = stream(source, timestamp=lambda value: value.taken_at)
    counts = measured.group_by_key().windowed_by(tumbling(10 * SECOND)).count("stamped-counts")
    first, second = (
        tuple((topic, key, Measured(time), START + number) for number, (topic, key, _, time) in enumerate(part))
        for part in halves(source)
    )
    return Case(Topology("stamped", counts.to_stream().to(out)), first, second)


failures: dict[str, int] = {}
"""How often a value has failed in this process."""


def flaky(value: str) -> str:
    """Fails twice for one value."""
    failures[value] = failures.get(value, 0) + 1
    if value == "b5" and failures[value] % 3:
        raise ConnectionError("not now")
    return value.upper()


def retried() -> Case:
    """A step that fails twice and then does not."""
    source, out = texts("retried"), texts("retried", "out")
    tried = stream(source).map_values(flaky).group_by_key().aggregate(str, append, "retried-texts").to_stream()
    return Case(Topology("retried", tried.to(out), on_error=retrying(3, after=20)), *halves(source))


def cached() -> Case:
    """Changes that wait for the commit, through two tables."""
    source, out = texts("cached"), numbers("cached")
    counts = stream(source).group_by(letter, "cached-letters", key=str).count("cached-counts")
    sums = counts.group_by(lambda key, count: ("all", count), "cached-all", key=str, value=int)
    total = sums.aggregate(int, add, subtract, "cached-total").to_stream()
    return Case(Topology("cached", total.to(out), cache_max_bytes=1_000_000), *halves(source), partitions=2)


def outer() -> Case:
    """Two tables, one of them made of a stream, and what only one of them has."""
    left, right, out = texts("outer", "left"), texts("outer", "right"), texts("outer", "out")
    rows = stream(left).filter(lambda key, value: key != "k2").to_table("outer-left")
    joined = rows.outer_join(table(right, "outer-right"), both)
    return Case(Topology("outer", joined.to_stream().to(out)), *halves(left, right))


def once() -> Case:
    """Records of one id, let through once."""
    source, out = texts("once"), texts("once", "out")
    kept: Stream[str, str] = stream(source).deduplicate("once-seen", 20 * SECOND, by=letter)
    return Case(Topology("once", kept.to(out)), *halves(source))


MAKERS: tuple[Callable[[], Case], ...] = (
    sessions,
    held,
    closing,
    slid,
    paired,
    foreign,
    regrouped,
    cogrouped,
    everywhere,
    as_it_was,
    punctual,
    chosen,
    matched,
    stamped,
    retried,
    cached,
    outer,
    once,
)
CASES = {made.topology.name: made for made in (make() for make in MAKERS)}
TOPOLOGIES = tuple(case.topology for case in CASES.values())
