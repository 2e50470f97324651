"""Runs a case: its topology, its inputs in the way asked for, and what its output nodes forward.

Knows nothing of files or expectations.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias

from streamapp.testing.conformance.assembly import OUTPUT, assemble
from streamapp.testing.conformance.cases import Case, Record
from streamapp.testing.conformance.machine import Forwarded, Machine
from streamapp.testing.conformance.records import encoded, record

Every: TypeAlias = int | Literal["random"] | None

_FAST = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
"""Where databases are made where there is one: opening and closing one on a disk takes ten times as long."""

_RESTARTS = 0.3
"""How often there is a restart between two runs, when it is left to chance."""


@dataclass(frozen=True, slots=True)
class Way:
    """How cases are run; none of it may change a result."""

    store: Literal["memory", "rocksdb"] = "memory"
    batch: Every = None
    """How many consecutive inputs of a topic are handed over at once; None: one."""
    restore_every: Every = None
    """After how many runs everything is committed, closed and restored; None: never."""
    seed: int = 0


def run(case: Case, way: Way) -> list[Record]:
    """What the output nodes forward; raises whatever the topology or its run raises."""
    if way.store == "memory":
        return _run(case, way, None)
    with TemporaryDirectory(prefix="conformance-", dir=_FAST if _FAST.is_dir() else None) as folder:
        return _run(case, way, Path(folder))


def _run(case: Case, way: Way, folder: Path | None) -> list[Record]:
    chance = random.Random(f"{way.seed}/{case.id}")  # noqa: S311 - a seeded choice, not a secret
    machine = Machine(
        assemble(case.nodes, case.outputs, case.config),
        folder,
        size=_sizes(way, chance),
        restart=_restarts(way, chance),
    )
    try:
        for topic, batch in _batches(case, way, chance):
            machine.pipe(topic, batch)
        return _records(case, machine.forwarded)
    finally:
        machine.close()


def _sizes(way: Way, chance: random.Random) -> Any:
    if way.batch is None:
        return lambda waiting: 1
    if way.batch == "random":
        return lambda waiting: chance.randint(1, waiting)
    return lambda waiting: min(waiting, way.batch)


def _restarts(way: Way, chance: random.Random) -> Any:
    if way.restore_every is None:
        return lambda: False
    if way.restore_every == "random":
        return lambda: chance.random() < _RESTARTS
    runs = iter(range(1, 2**63))
    return lambda: next(runs) % way.restore_every == 0


def _batches(case: Case, way: Way, chance: random.Random) -> Iterator[tuple[str, Sequence[Any]]]:
    """The inputs, as encoded, in batches of consecutive records of one topic."""
    for topic, group in groupby(enumerate(case.inputs), key=lambda item: str(item[1]["topic"])):
        left = [(at, given["ts"], encoded(given["key"]), encoded(given["value"])) for at, given in group]
        while left:
            size = _sizes(way, chance)(len(left))
            yield topic, left[:size]
            left = left[size:]


def _records(case: Case, forwarded: Sequence[Forwarded]) -> list[Record]:
    """What reached the sinks of output nodes, by the input that caused it, in the order it came."""
    topics = {f"{OUTPUT}{output}": output for output in case.outputs}
    ordered = sorted((one for one in forwarded if one.sink.topic in topics), key=lambda one: one.cause)
    return [_record(one, topics[one.sink.topic] if len(topics) > 1 else None) for one in ordered]


def _record(one: Forwarded, node: str | None) -> Record:
    _, timestamp, key, value, _ = one.output
    return record(one.cause, node, key, value, timestamp)
