"""The measurements beside the drains: latency, restore, answers, what a rate depends on; with the goals that they have.

Each gives rows with a `measure`, and verdicts where there is a goal. Knows nothing of how they are reported.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.answering import answering
from bench.costs import BUDGET, costs, series
from bench.drains import Drains
from bench.goals import Verdict
from bench.latency import latency
from bench.measure import Bench
from bench.restoring import restoring
from bench.systems import System, kafka_streams, streamapp

NAMES = ("latency", "restore", "checkout", *(name.replace(" ", "-") for name in series(1)))

Row = dict[str, Any]


async def further(
    bench: Bench, names: Sequence[str], rivals: Sequence[str], n: int, rounds: int
) -> tuple[list[Row], list[Verdict]]:
    """Everything that was asked for, one after the other, each in rounds."""
    rows: list[Row] = []
    drains = Drains(bench, n)
    compared = "kafka-streams" in rivals
    for name in names:
        if name == "latency":
            for _ in range(rounds):
                rows += [said(await latency(bench, system)) for system in _latency_systems(compared)]
        elif name == "restore":
            for _ in range(rounds):
                systems = [streamapp(), *([kafka_streams("at_least_once", 1.0, *_QUICK)] if compared else [])]
                rows += [said(await restoring(bench, system, n)) for system in systems]
        elif name == "checkout":
            for _ in range(rounds):
                rows += [said(row) for row in await answering(bench, n)]
        else:
            rows += await costs(drains, name.replace("-", " "), n, rounds, lambda text: print(text, file=sys.stderr))
    return rows, verdicts(rows)


_QUICK = ("--session-timeout-ms", "6000")
"""Kafka Streams does not leave its group; without this a restart waits 45 s for its own old session."""


def _latency_systems(compared: bool) -> list[System | None]:
    systems: list[System | None] = [None, streamapp("exactly_once", 0.1), streamapp("at_least_once", 1.0)]
    if compared:
        systems += [kafka_streams("exactly_once", 0.1), kafka_streams("at_least_once", 1.0, "--linger-ms", "0")]
    return systems


def said(row: Row) -> Row:
    """The row, said on stderr."""
    print(" ".join(f"{name}={value}" for name, value in row.items()), file=sys.stderr)
    return row


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """The goals that these rows can judge, by the middle of the rounds."""
    return [*_of_latency(rows), *_of_restore(rows), *_of_checkout(rows), *_of_costs(rows)]


def _of_latency(rows: Sequence[Row]) -> list[Verdict]:
    found: list[Verdict] = []
    ours, theirs = (
        _side(rows, "latency", "streamapp", "exactly_once"),
        _side(rows, "latency", "kafka-streams", "exactly_once"),
    )
    for name in ("p50_ms", "p99_ms"):
        if ours and theirs:
            ratio = _middle(ours, name) / _middle(theirs, name)
            found.append(Verdict(f"latency exactly once, {name}, of Kafka Streams'", 0.9, ratio, most=True))
    loose, floor = _side(rows, "latency", "streamapp", "at_least_once"), _side(rows, "latency", "floor", None)
    if loose and floor:
        found.append(Verdict("latency at least once, p50_ms", 5, _middle(loose, "p50_ms"), most=True))
        ratio = _middle(loose, "p99_ms") / _middle(floor, "p99_ms")
        found.append(Verdict("latency at least once, p99_ms, of the floor's", 1.3, ratio, most=True))
    low = _side(rows, "latency", "kafka-streams", "at_least_once")
    if loose and low:
        ratio = _middle(loose, "cores") / _middle(low, "cores")
        found.append(Verdict("latency at least once, CPU, of Kafka Streams'", 1, ratio, most=True))
    return found


def _of_restore(rows: Sequence[Row]) -> list[Verdict]:
    ours = _side(rows, "restore", "streamapp", "exactly_once")
    theirs = _side(rows, "restore", "kafka-streams", "at_least_once")
    if not ours:
        return []
    found = [
        Verdict("restore, records per second", 1_000_000, _middle(ours, "rate")),
        Verdict("restart with state, seconds to the first record", 3, _middle(ours, "warm_start_s"), most=True),
    ]
    if theirs:
        found.append(Verdict("restore against Kafka Streams", 2, _middle(ours, "rate") / _middle(theirs, "rate")))
    return found


def _of_checkout(rows: Sequence[Row]) -> list[Verdict]:
    """One customer at a time: with several, each waits for the others' turn on the machine that measures."""
    alone = [row for row in rows if row["measure"] == "checkout" and row["at_once"] == 1]
    return [
        Verdict(f"{request}, ms until it is answered, p99", 50, _middle(found, "p99_ms"), most=True)
        for request in ("checkout", "cancel")
        if (found := [row for row in alone if row["request"] == request])
    ]


def _of_costs(rows: Sequence[Row]) -> list[Verdict]:
    found: list[Verdict] = []
    points: Mapping[tuple[str, str], Row] = {(row["measure"], row.get("point", "")): row for row in rows}
    if two := points.get(("processes", "2")):
        found.append(Verdict("2 processes against one", 1.6, two["ratio"]))
    few, usual, many = (points.get(("keys", name)) for name in ("1,000", "10,000", "10,000,000"))
    if few and usual and many:
        found.append(Verdict("10,000,000 keys against 10,000", 0.4, many["rate"] / usual["rate"]))
        more = many["rss_mb"] - few["rss_mb"]
        found.append(Verdict("memory of 10,000,000 keys beyond that of 1,000, MB", BUDGET / 2**20, more, most=True))
    return found


def _side(rows: Sequence[Row], measure: str, system: str, guarantee: str | None) -> list[Row]:
    return [
        row
        for row in rows
        if row["measure"] == measure and row.get("system") == system and row.get("guarantee") == guarantee
    ]


def _middle(rows: Sequence[Row], name: str) -> float:
    return median(float(row[name]) for row in rows)
