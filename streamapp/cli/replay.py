"""`streamapp TOPOLOGY replay` and `history`: what tables held, and what changed a row, told from the log.

Runs the topology once more over its recorded input, in memory: nothing is written, no group is joined. Knows nothing
of how a topology runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import click

from streamapp.cli.moments import Moment, moment
from streamapp.cli.options import application_options, current_settings
from streamapp.cli.rows import jsonl
from streamapp.cli.shape import shape_of
from streamapp.cli.table import check_name, write
from streamapp.dsl.topology import Topology
from streamapp.errors import NotFoundError
from streamapp.settings import Settings

if TYPE_CHECKING:
    from streamapp.replay.change import Change
    from streamapp.replay.run import Replay

Found = list[dict[str, Any]]

_incomplete = click.option(
    "--incomplete", is_flag=True, help="Go on though the topics no longer hold their oldest records."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line, as table does.")


@click.command()
@click.option("--until", required=True, metavar="TIME|OFFSET", help="The moment: what came before it counts.")
@click.option("--table", "name", help="Only this table.")
@click.option("--key", help="Only the rows of this key.")
@_incomplete
@_json
@application_options
@click.pass_obj
def replay(topology: Topology, until: str, name: str | None, key: str | None, incomplete: bool, as_json: bool) -> None:
    """Print the tables as they were at a moment, told from the log, touching nothing.

    The moment is a time (2010-12-01T08:26:00Z, UTC unless it says otherwise, or milliseconds), an offset that counts
    in every source partition, or a record as TOPIC:PARTITION:OFFSET; it is not included itself. A row is
    {"table", "key", "window", "value", "timestamp", "cause": {"topic", "partition", "offset"}}: the cause is the
    record that changed it last.
    """
    wanted = moment("--until", until)
    if name is not None:
        check_name(topology, name)
    tables = [name] if name is not None else shape_of(topology).tables
    if not tables:
        raise NotFoundError(f"topology {topology.name!r} has no tables")
    rows = asyncio.run(rows_at(current_settings(), topology, tables, key, wanted, incomplete=incomplete))
    write(jsonl(rows) if as_json else _lines(rows))


@click.command()
@click.argument("table")
@click.argument("key")
@click.option("--until", metavar="TIME|OFFSET", help="Only what came before this moment.")
@_incomplete
@_json
@application_options
@click.pass_obj
def history(topology: Topology, table: str, key: str, until: str | None, incomplete: bool, as_json: bool) -> None:
    """Print every change of the rows of KEY in TABLE, oldest first, each with the record that caused it.

    Told from the log, as replay does. Where a row was deleted its value is null.
    """
    check_name(topology, table)
    wanted = None if until is None else moment("--until", until)
    changes = asyncio.run(history_of(current_settings(), topology, table, key, wanted, incomplete=incomplete))
    if not changes:
        raise NotFoundError(f"table {table!r} of topology {topology.name!r} never had a key {key!r}")
    write(jsonl(changes) if as_json else _lines(changes))


async def rows_at(
    settings: Settings, topology: Topology, tables: Sequence[str], key: str | None, until: Moment, *, incomplete: bool
) -> Found:
    """The rows of tables as they were, in the order in which a worker gives them."""
    from streamapp.replay.change import place_of
    from streamapp.worker.reading import Reader, document
    from streamapp.worker.shown import plain_row

    causes: dict[Any, Change] = {}

    def remember(change: Change) -> None:
        place = change.table.name, change.partition, place_of(change.table, change.row)
        known = causes.get(place) if change.table.store.kind == "versioned" else None
        if known is None or known.row.timestamp <= change.row.timestamp:  # else it changed an older version
            causes[place] = change

    found: Found = []
    async with _ran(settings, topology, tables, until, remember, incomplete=incomplete) as run:
        reader = Reader(run.plan.tables, list(run.tasks), run.tasks, lambda: run.global_state)
        specs = {spec.name: spec for spec in run.plan.tables}
        for table in tables:
            for partition, row in reader.found(table, key):
                cause = causes[table, partition, place_of(specs[table], row)].cause
                found.append({"table": table, **plain_row(document(row)), "cause": cause._asdict()})
    return found


async def history_of(
    settings: Settings, topology: Topology, table: str, key: str, until: Moment | None, *, incomplete: bool
) -> Found:
    """The changes of the rows of a key, in the order in which they were made."""
    from streamapp.worker.reading import document
    from streamapp.worker.shown import plain, plain_row, text

    found: Found = []

    def remember(change: Change) -> None:
        if text(plain(change.row.key)) == key:
            found.append({**plain_row(document(change.row)), "cause": change.cause._asdict()})

    async with _ran(settings, topology, [table], until, remember, incomplete=incomplete):
        return found


@asynccontextmanager
async def _ran(
    settings: Settings,
    topology: Topology,
    tables: Sequence[str],
    until: Moment | None,
    changed: Callable[[Change], object],
    *,
    incomplete: bool,
) -> AsyncIterator[Replay]:
    """A topology that has run over its input up to a moment, telling each change of `tables`."""
    from streamapp.cli.cluster import open_admin
    from streamapp.cli.recording import ends_at, feed, recording, refuse_truncated
    from streamapp.kafka import Partitioner
    from streamapp.replay.run import Replay

    async with open_admin(settings) as admin:
        recorded = await recording(settings, admin, topology)
        if not incomplete:
            refuse_truncated(recorded)
        ends = dict(recorded.ends) if until is None else await ends_at(settings, admin, recorded, until)
    run = Replay(recorded.plan, recorded.names.group, recorded.widths, Partitioner, watch=tables, changed=changed)
    try:
        await feed(settings, recorded, ends, run)
        run.settle()
        _warn(recorded.compacted, run.failed)
        yield run
    finally:
        run.close()


def _warn(compacted: frozenset[str], failed: int) -> None:
    if compacted:
        names = ", ".join(sorted(compacted))
        click.echo(f"note: compacted topics forget values that were replaced: {names}", err=True)
    if failed:
        click.echo(f"note: {failed} records failed, as those in the dead letters did", err=True)


def _lines(rows: Found) -> Iterator[bytes]:
    """For people: the row, and behind it its cause."""
    for row in rows:
        window = row["window"]
        at = "" if window is None else f" [{window['start']}, {window['end']})"
        cause = row["cause"]
        name = f"{row['table']}: " if "table" in row else ""
        yield (
            f"{name}{row['key']}{at} = {row['value']}  at {row['timestamp']}, by "
            f"{cause['topic']}:{cause['partition']}:{cause['offset']}\n"
        ).encode()
