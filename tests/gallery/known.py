"""The known answers of the shared data, and what the worker says instead. Knows nothing of pytest."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from streamapp.cli.gallery.answers import ANSWERS
from streamapp.cli.gallery.run import Stage, stage
from streamapp.cli.importers.datasets import DATASETS
from streamapp.cli.importers.files import in_order, lines_of
from streamapp.settings import load
from tests.gallery import plain

REAL = Path(__file__).parents[3] / "shared" / "realdata"


@dataclass(frozen=True)
class Known:
    """A part of the known answers: the file they are of, and its data set."""

    name: str
    dataset: str
    file: str

    @property
    def checksums(self) -> dict[str, str]:
        """By answer."""
        answers = json.loads((REAL / "expected" / "expected.json").read_text(encoding="utf-8"))[self.name]
        return {name: answer["sha256"] for name, answer in answers.items()}

    @property
    def path(self) -> Path:
        """Where the file is."""
        return REAL / "data" / self.file


UNORDERED = {"a", "b_customer", "b_top20", "b_country", "sessions", "countries", "stock", "invoices"}
"""Answers of the retail data that several partitions do not change: either no order counts, or that of a customer."""

PARTS = {
    "week": Known("week", "online-retail", "online-retail-week.csv.gz"),
    "full": Known("full", "online-retail", "online-retail.csv.gz"),
    "nab": Known("nab", "nab", "nab/machine_temperature_system_failure.csv.gz"),
    "nasa": Known("nasa", "nasa-http", "nasa-http-1995-08-01.csv.gz"),
}


@contextmanager
def processed(
    parts: list[Known],
    partitions: int = 1,
    say: Callable[[str], object] = str,
    orders: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> Iterator[Stage]:
    """A stage on which a worker has processed the files of these parts, at most one of each data set.

    `orders` has the order of a part's rows where it is not the file's.
    """
    with stage(load()) as on:
        for part in parts:
            dataset = DATASETS[part.dataset]
            more = ["machine"] if part.dataset == "nab" else []
            events = dataset.events(lines_of(part.path), part.file, *more)
            if part.name in orders:
                events = in_order(events, orders[part.name], part.file)
            asyncio.run(on.put(dataset.topic, events, partitions))
        began = time.monotonic()
        sets = {part.dataset for part in parts}
        on.process(*dict.fromkeys(answer.topology for answer in ANSWERS.values() if answer.dataset in sets))
        say(f"processed in {time.monotonic() - began:.0f} s")
        yield on


def different(part: Known, on: Stage, names: set[str] | None = None) -> list[str]:
    """The answers that are not the known ones."""
    return [
        name
        for name, checksum in part.checksums.items()
        if (names is None or name in names) and checksum_of(name, on) != checksum
    ]


def unlike_plain(
    part: Known, on: Stage, order: Sequence[int] | None = None, names: set[str] | None = None
) -> dict[str, bool]:
    """Whether each answer of the retail data is not what plain arithmetic makes of the rows in this order."""
    rows = plain.retail(part.path)
    taken = rows if order is None else [rows[index] for index in order]
    return {
        name: lines_of_answer(name, on) != sorted(made(taken), key=str.encode)
        for name, made in plain.RETAIL.items()
        if names is None or name in names
    }


def lines_of_answer(name: str, on: Stage) -> list[str]:
    """An answer as the worker gives it, without the ends of its lines."""
    return [line.decode().rstrip("\n") for line in asyncio.run(on.lines(ANSWERS[name]))]


def checksum_of(name: str, on: Stage) -> str:
    """Of an answer as the worker gives it."""
    return hashlib.sha256(b"".join(asyncio.run(on.lines(ANSWERS[name])))).hexdigest()
