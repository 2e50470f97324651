"""The commands of `streamapp import`. Knows nothing of how a data set is read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import click

from streamapp.cli.importers.files import in_order, lines_of, read_order
from streamapp.cli.importers.online_retail import Event, events
from streamapp.cli.options import cluster_options, current_settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("online-retail")
@click.argument("file", type=_FILE)
@click.option("--topic", default="retail", show_default=True, help="Where the events go.")
@click.option("--partitions", type=click.IntRange(1), default=1, show_default=True, help="Of the topic.")
@click.option("--order", type=_FILE, help="Row indexes, one per line: the order in which rows go out.")
@cluster_options
def online_retail(file: Path, topic: str, partitions: int, order: Path | None) -> None:
    """Put the rows of UCI Online Retail (CSV, may be gzipped) on a topic, one event per row.

    Key: the customer, null when missing. Timestamp: InvoiceDate, taken as UTC. Money is in integers: mills
    (unit price times 1000) and pence. The last line printed is {"rows", "events"}.
    """
    from streamapp.cli.importers.loading import load

    counted = Counted()
    rows = counted.count(events(lines_of(file), str(file)))
    out = rows if order is None else in_order(rows, read_order(order), str(order))
    written = asyncio.run(load(current_settings(), topic, partitions, out))
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
