"""The answers of the gallery by the test driver: the worker's own tasks, without a broker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from streamapp import Windowed
from streamapp.cli.gallery.answers import ANSWERS, Answer
from streamapp.cli.importers.events import Event
from streamapp.cli.rows import TableRow
from streamapp.testing.driver import TopologyDriver
from streamapp.worker.shown import plain
from topologies import TOPOLOGIES

BY_NAME = {topology.name: topology for topology in TOPOLOGIES}


def answers_of(topology: str, topic: str, events: Iterable[Event], names: Sequence[str]) -> dict[str, list[str]]:
    """The lines of these answers, which are of one topology, sorted by bytes, without their ends."""
    with TopologyDriver(BY_NAME[topology]) as driver:
        for timestamp, key, value in events:
            driver.pipe_bytes(topic, key, value, timestamp)
        assert driver.dead_letters == []
        return {name: lines_of(ANSWERS[name], driver) for name in names}


def lines_of(answer: Answer, driver: TopologyDriver) -> list[str]:
    """What an answer makes of a driver's table or topic."""
    pairs = driver.table(answer.source).items() if answer.kind == "table" else driver.pairs(answer.source)
    return [line.decode().rstrip("\n") for line in answer.lines(rows_of(pairs))]


def rows_of(pairs: Iterable[tuple[Any, Any]]) -> Iterator[TableRow]:
    """Keys and values as rows of JSON."""
    for key, value in pairs:
        windowed = isinstance(key, Windowed)
        yield {
            "key": plain(key.key if windowed else key),
            "window": {"start": key.start, "end": key.end} if windowed else None,
            "value": msgspec.json.decode(msgspec.json.encode(value)),
            "timestamp": 0,
        }
