"""`streamapp TOPOLOGY lag`: how far a topology's group is behind its topics. Knows nothing of workers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import click
import msgspec

from streamapp.cli.options import application_options, current_settings
from streamapp.cli.text import print_columns
from streamapp.dsl.topology import Topology
from streamapp.settings import Settings
from streamapp.worker.names import Names


class PartitionLag(msgspec.Struct, frozen=True):
    """One source partition: the committed offset or None, its end, and the records in between."""

    topic: str
    partition: int
    committed: int | None
    end: int
    lag: int


class Lag(msgspec.Struct, frozen=True):
    """A group's lag: the sum, and each partition."""

    group: str
    lag: int
    partitions: list[PartitionLag]


@click.command()
@click.option("--json", "as_json", is_flag=True, help='Print {"group", "lag", "partitions"}.')
@application_options
@click.pass_obj
def lag(topology: Topology, as_json: bool) -> None:
    """Print how many records the topology is behind, for each partition it reads."""
    found = asyncio.run(lag_of(current_settings(), topology))
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    rows = [(at.topic, at.partition, at.committed, at.end, at.lag) for at in found.partitions]
    print_columns(("TOPIC", "PARTITION", "COMMITTED", "END", "LAG"), rows)
    click.echo(f"{found.group} is {found.lag} records behind")


async def lag_of(settings: Settings, topology: Topology) -> Lag:
    """The lag of a topology's group; topics that do not exist yet are left out."""
    from streamapp.cli.cluster import open_admin, partitions_of
    from streamapp.engine.plan import plan
    from streamapp.formats import codec_for

    names = Names.of(settings.application, topology.name)
    async with open_admin(settings) as admin:
        made = plan(topology, codec_for, [name for name in await admin.list() if not names.made(name)])
        sources = [source for sub in made.subtopologies for source in sub.sources]
        topics = [names.internal(source.topic) if source.internal else source.topic for source in sources]
        infos = await admin.describe(topics)
        partitions = [at for topic in topics if topic in infos for at in partitions_of(topic, infos[topic])]
        ends = await admin.ends(partitions)
        starts = await admin.beginnings(partitions)
        committed = {at: offset for at, (offset, _) in (await admin.committed(names.group)).items()}
    return lag_from(names.group, committed, starts, ends)


def lag_from(
    group: str,
    committed: Mapping[tuple[str, int], int],
    starts: Mapping[tuple[str, int], int],
    ends: Mapping[tuple[str, int], int],
) -> Lag:
    """Lag by arithmetic: without a committed offset a group begins at the oldest record."""
    partitions = []
    for (topic, partition), end in sorted(ends.items()):
        offset = committed.get((topic, partition))
        begin = starts[topic, partition] if offset is None else offset
        partitions.append(PartitionLag(topic, partition, offset, end, max(0, end - begin)))
    return Lag(group, sum(one.lag for one in partitions), partitions)
