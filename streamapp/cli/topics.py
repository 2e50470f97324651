"""`streamapp topics`: create, list and describe topics. Knows nothing of records."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import click

from streamapp.cli.commands import Commands
from streamapp.cli.options import cluster_options, current_settings
from streamapp.cli.shape import shape_of, table_topics
from streamapp.cli.text import print_columns
from streamapp.dsl.topology import Topology
from streamapp.errors import UsageError
from streamapp.registry import load_topologies
from streamapp.settings import Settings

COMPACTED = {"cleanup.policy": "compact"}

topics = Commands("topics", {}, help="Create, list and describe topics.")


@topics.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Every topic the registered topologies read or write.")
@click.option("--partitions", type=click.IntRange(1), default=1, show_default=True, help="Of each topic.")
@click.option("--config", "options", multiple=True, metavar="KEY=VALUE", help="Such as retention.ms=-1; repeatable.")
@click.option("--replication", "replication", type=click.IntRange(1), help="Replicas; else replication_factor.")
@cluster_options
def create(
    names: tuple[str, ...], every: bool, partitions: int, options: tuple[str, ...], replication: int | None
) -> None:
    """Create topics; one that exists with these partitions and this configuration is left as it is.

    With --all, topics that are read as tables are compacted.
    """
    if every == bool(names):
        raise UsageError("name the topics to create, or give --all for those of the registered topologies")
    settings = current_settings()
    config = config_of(options)
    wanted = wanted_topics(load_topologies(settings).values()) if every else {name: {} for name in names}
    made = {name: {**own, **config} for name, own in wanted.items()}
    asyncio.run(make(settings, made, partitions, replication or settings.replication_factor))


async def make(settings: Settings, wanted: dict[str, dict[str, str]], partitions: int, replication: int) -> None:
    """Creates what is missing; raises `ConfigurationError` for a topic that exists with other partitions."""
    from streamapp.cli.cluster import open_admin

    async with open_admin(settings) as admin:
        known = await admin.describe(sorted(wanted))
        for name, config in wanted.items():
            await admin.create(name, partitions, config, replication)
            click.echo(f"{name} exists" if name in known else f"{name} created")


def wanted_topics(topologies: Iterable[Topology]) -> dict[str, dict[str, str]]:
    """Every topic that topologies read or write by name, with the configuration it should have."""
    topologies = list(topologies)
    tables = table_topics(topologies)
    shapes = [shape_of(topology) for topology in topologies]
    names = dict.fromkeys(name for shape in shapes for name in shape.topics)
    return {name: COMPACTED if name in tables else {} for name in names}


def config_of(options: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE` texts as a configuration; raises `UsageError` for another form."""
    config: dict[str, str] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key:
            raise UsageError(f"--config is {option!r}: expected KEY=VALUE, such as retention.ms=-1")
        config[key] = value
    return config


@topics.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a list of names.")
@cluster_options
def list_(as_json: bool) -> None:
    """List the topics, one name per line."""
    names = asyncio.run(_names(current_settings()))
    if as_json:
        click.echo(json.dumps(names))
    else:
        for name in names:
            click.echo(name)


async def _names(settings: Settings) -> list[str]:
    from streamapp.cli.cluster import open_admin

    async with open_admin(settings) as admin:
        return sorted(await admin.list())


@topics.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help='Print {"name", "id", "partitions", "config"}.')
@cluster_options
def describe(name: str, as_json: bool) -> None:
    """Show the partitions of a topic, their oldest and next offsets, and its configuration."""
    found = asyncio.run(_description(current_settings(), name))
    if as_json:
        click.echo(json.dumps(found))
        return
    print_columns(
        ("PARTITION", "OLDEST", "NEXT"),
        [(one["partition"], one["beginning"], one["end"]) for one in found["partitions"]],
    )
    click.echo()
    print_columns(("CONFIG", "VALUE"), sorted(found["config"].items()))


async def _description(settings: Settings, name: str) -> dict[str, Any]:
    from streamapp.cli.cluster import existing, open_admin, partitions_of

    async with open_admin(settings) as admin:
        info = await existing(admin, name)
        partitions = partitions_of(name, info)
        starts = await admin.beginnings(partitions)
        ends = await admin.ends(partitions)
    return {
        "name": name,
        "id": str(info.id),
        "partitions": [{"partition": at[1], "beginning": starts[at], "end": ends[at]} for at in partitions],
        "config": dict(info.config),
    }
