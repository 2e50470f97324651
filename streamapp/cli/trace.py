"""`streamapp trace`: every event of one flow, over all topics. Knows nothing of topologies.

Reads committed records of every topic from its beginning, or from a time, and keeps those of the flow.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click
import msgspec

from streamapp.cli.moments import Time, time_of
from streamapp.cli.options import application_options, current_settings
from streamapp.errors import NotFoundError
from streamapp.settings import Settings

if TYPE_CHECKING:
    from streamapp.cli.flow import Event


@click.command()
@click.argument("correlation_id")
@click.option("--since", metavar="TIME", help="Do not look at older records: faster.")
@click.option("--json", "as_json", is_flag=True, help='Print [{"id", "type", "time", "topic", …, "causation_id"}].')
@application_options
def trace(correlation_id: str, since: str | None, as_json: bool) -> None:
    """Print every event that has CORRELATION_ID, over all topics, as a tree: each below the one that caused it.

    An event is a record with CloudEvents headers. Dead letters are shown with what went wrong. With --json the events
    are a list, by time, causes before effects.
    """
    from streamapp.cli.flow import tree

    start = None if since is None else time_of("--since", since)
    events = asyncio.run(events_of(current_settings(), correlation_id, start))
    if not events:
        where = "" if since is None else f" since {since}"
        raise NotFoundError(f"no event has the correlation id {correlation_id!r} in any topic{where}")
    placed = list(tree(events))
    if as_json:
        placed.sort(key=lambda found: (found[1].time, found[0]))
        click.echo(msgspec.json.encode([event for _, event in placed]))
        return
    width = max(2 * depth + len(event.type) for depth, event in placed)
    for depth, event in placed:
        name = "  " * depth + event.type
        trouble = "" if event.error is None else f"  failed: {event.error}"
        place = f"{event.topic}:{event.partition}:{event.offset}"
        click.echo(f"{event.time}  {name:<{width}}  {place}  {event.id}{trouble}")


async def events_of(settings: Settings, correlation_id: str, since: Time | None) -> list[Event]:
    """The events of a flow in all topics; those on their way through repartition topics are no events of their own."""
    from streamapp.cli.cluster import open_admin, open_consumer, partitions_of
    from streamapp.cli.flow import event_of
    from streamapp.cli.reading import read
    from streamapp.engine.events import ORIGIN

    async with open_admin(settings) as admin:
        infos = await admin.describe(await admin.list())
        partitions = [at for name, info in sorted(infos.items()) for at in partitions_of(name, info)]
        ends = await admin.ends(partitions)
        starts = dict(await admin.beginnings(partitions))
        if since is not None:
            found = await admin.offsets_at(partitions, since.ms)
            starts = {at: ends[at] if found[at] < 0 else found[at] for at in partitions}
    events = []
    async with open_consumer(settings) as consumer:
        async for (topic, partition), rows in read(consumer, starts, ends):
            for row in rows:
                event = event_of(topic, partition, row, correlation_id)
                if event is not None and not any(name == ORIGIN for name, _ in row[4]):
                    events.append(event)
    return events
