"""`streamapp TOPOLOGY table NAME`: all rows of a table. Knows nothing of where the rows are kept."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

import click

from streamapp.cli.options import application_options, current_settings
from streamapp.cli.rows import TableRow, delimited, has_key, jsonl
from streamapp.cli.shape import shape_of
from streamapp.dsl.topology import Topology
from streamapp.errors import NotFoundError, UsageError
from streamapp.settings import Settings
from streamapp.suggestion import nearest

_AT_ONCE = 1000
"""Lines written with one call."""


@click.command()
@click.argument("name")
@click.option("--key", help="Only the rows of this key.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="How to print.",
)
@click.option("--columns", metavar="PATHS", help="Of CSV: such as key,window.start,value.rows.")
@application_options
@click.pass_obj
def table(topology: Topology, name: str, key: str | None, form: str, columns: str | None) -> None:
    """Print all rows of the table NAME: their final values.

    They come from the worker if one runs, else from the table's log in Kafka, which is only read. A row is
    {"key", "window": {"start", "end"} or null, "value", "timestamp"}; CSV has neither header nor quoting.
    """
    if columns is not None and form != "csv":
        raise UsageError("--columns is for CSV: add --format csv")
    rows = rows_of(current_settings(), topology, name, key)
    write(jsonl(rows) if form == "jsonl" else delimited(rows, columns.split(",") if columns else None))


def rows_of(settings: Settings, topology: Topology, name: str, key: str | None = None) -> Iterable[TableRow]:
    """The rows of a table, of one key if given; raises `NotFoundError` when there is no such table."""
    from streamapp.cli.table_rows import from_log, from_worker

    check_name(topology, name)
    rows: Iterable[TableRow] | None = from_worker(settings, topology.name, name, key)
    if rows is None:
        rows = asyncio.run(from_log(settings, topology, name, key))
    return rows if key is None else (row for row in rows if has_key(row, key))


def check_name(topology: Topology, name: str) -> None:
    """Raises `NotFoundError` when a topology has no such table."""
    from streamapp.engine.plan import plan
    from streamapp.formats import codec_for

    known = shape_of(topology).tables
    if name in known:
        return
    if any(store.name == name for store in plan(topology, codec_for).stores):
        raise NotFoundError(
            f"{name!r} is what a step of topology {topology.name!r} keeps for itself, not a table: "
            f"{nearest(name, known)}"
        )
    raise NotFoundError(f"topology {topology.name!r} has no table {name!r}: {nearest(name, known)}")


def write(lines: Iterator[bytes]) -> None:
    """Writes lines to stdout, many at once."""
    while block := b"".join(islice(lines, _AT_ONCE)):
        sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()
