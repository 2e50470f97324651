"""The commands of `streamapp import`. Knows nothing of how a data set is read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from streamapp.cli.importers.datasets import DATASETS, Dataset
from streamapp.cli.importers.events import Event
from streamapp.cli.importers.files import in_order, lines_of, read_order
from streamapp.cli.options import cluster_options, current_settings

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def import_options(dataset: Dataset) -> Callable[[F], F]:
    """What every importer takes: the file, and how its rows are put on the data set's topic."""

    def add(function: F) -> F:
        options = (
            click.argument("file", type=FILE),
            click.option("--topic", default=dataset.topic, show_default=True, help="Where the events go."),
            click.option("--partitions", type=click.IntRange(1), default=1, show_default=True, help="Of the topic."),
            click.option("--order", type=FILE, help="Row indexes, one per line: the order in which rows go out."),
            cluster_options,
        )
        for option in reversed(options):
            function = option(function)
        return function

    return add


@click.command("online-retail")
@import_options(DATASETS["online-retail"])
def online_retail(file: Path, topic: str, partitions: int, order: Path | None) -> None:
    """Put the rows of UCI Online Retail (CSV, may be gzipped) on a topic, one event per row.

    Key: the customer, null when missing. Timestamp: InvoiceDate, taken as UTC. Money is in integers: mills
    (unit price times 1000) and pence. Topics beside it that registered topologies need are made, if they are missing.
    The last line printed is {"rows", "events"}.
    """
    put(DATASETS["online-retail"].events(lines_of(file), str(file)), topic, partitions, order)


@click.command("nab")
@import_options(DATASETS["nab"])
@click.option("--sensor", required=True, metavar="NAME", help="Whose readings they are.")
def nab(file: Path, topic: str, partitions: int, order: Path | None, sensor: str) -> None:
    """Put the readings of a file of the Numenta Anomaly Benchmark (CSV, may be gzipped) on a topic.

    Key: the sensor. Timestamp: as in the file, taken as UTC. The value goes as a number, as the text of the file, and
    in integer nano-units. Topics beside it that registered topologies need are made, if they are missing. The last
    line printed is {"rows", "events"}.
    """
    put(DATASETS["nab"].events(lines_of(file), str(file), sensor), topic, partitions, order)


@click.command("nasa-http")
@import_options(DATASETS["nasa-http"])
def nasa_http(file: Path, topic: str, partitions: int, order: Path | None) -> None:
    """Put the requests of NASA's web server (CSV, may be gzipped) on a topic, one event per request.

    Key: the host. Timestamp: the time, seconds since the epoch. Topics beside it that registered topologies need are
    made, if they are missing. The last line printed is {"rows", "events"}.
    """
    put(DATASETS["nasa-http"].events(lines_of(file), str(file)), topic, partitions, order)


def put(rows: Iterator[Event], topic: str, partitions: int, order: Path | None) -> None:
    """Writes events to a topic in the order of a file, if there is one, and prints their numbers."""
    from streamapp.cli.importers.beside import topics_beside
    from streamapp.cli.importers.loading import load, make_missing

    settings = current_settings()
    counted = Counted()
    rows = counted.count(rows)
    out = rows if order is None else in_order(rows, read_order(order), str(order))
    asyncio.run(make_missing(settings, topics_beside(settings, topic), partitions))
    written = asyncio.run(load(settings, topic, partitions, out))
    click.echo(json.dumps({"rows": counted.rows, "events": written}))


class Counted:
    """Counts what passes."""

    def __init__(self) -> None:
        self.rows = 0

    def count(self, rows: Iterator[Event]) -> Iterator[Event]:
        """The same rows."""
        for row in rows:
            self.rows += 1
            yield row
