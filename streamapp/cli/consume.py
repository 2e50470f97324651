"""`streamapp consume`: a topic's records as JSON lines. Knows nothing of formats: values are text."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from streamapp.cli.options import application_options, current_settings
from streamapp.cli.records import Row, json_line
from streamapp.errors import ConfigurationError
from streamapp.registry import load_topologies
from streamapp.settings import Settings
from streamapp.worker.shown import plain


@dataclass(frozen=True, slots=True)
class Wish:
    """What to print of a topic, and when to stop."""

    topic: str
    from_beginning: bool
    until_end: bool
    most: int | None
    isolation: str


@click.command()
@click.argument("topic")
@click.option("--from-beginning", is_flag=True, help="Start with the oldest record, not with the next to come.")
@click.option("--until-end", is_flag=True, help="Print what is there now, from the beginning, and stop.")
@click.option("--max", "most", type=click.IntRange(1), metavar="N", help="Stop after N records.")
@click.option(
    "--isolation",
    type=click.Choice(["read_committed", "read_uncommitted"]),
    default="read_committed",
    show_default=True,
    help="Whether records of open and aborted transactions are printed too.",
)
@application_options
def consume(topic: str, from_beginning: bool, until_end: bool, most: int | None, isolation: str) -> None:
    """Print the records of TOPIC, one JSON object per line.

    {"topic", "partition", "offset", "timestamp", "key", "value", "headers": [["name", "text"]]}; bytes that
    are not UTF-8 are {"base64": "..."}, keys of a topology's windowed topics {"key", "start", "end"}.
    """
    asyncio.run(print_records(current_settings(), Wish(topic, from_beginning or until_end, until_end, most, isolation)))


async def print_records(settings: Settings, wish: Wish) -> None:
    """Prints until the wish is fulfilled, or for ever; raises `NotFoundError` when there is no such topic."""
    from streamapp.cli.cluster import existing, open_admin, open_consumer, partitions_of
    from streamapp.cli.reading import read

    async with open_admin(settings) as admin:
        partitions = partitions_of(wish.topic, await existing(admin, wish.topic))
        ends = await admin.ends(partitions)
        starts = await admin.beginnings(partitions) if wish.from_beginning else ends
    show_key = _key_shower(settings, wish.topic)
    left = sys.maxsize if wish.most is None else wish.most
    async with open_consumer(settings, wish.isolation) as consumer:
        async for (topic, partition), rows in read(consumer, starts, ends if wish.until_end else None):
            _print(topic, partition, rows[:left], show_key)
            left -= len(rows)
            if left <= 0:
                return


def _print(topic: str, partition: int, rows: list[Row], show_key: Callable[[bytes | None], Any]) -> None:
    sys.stdout.buffer.write(b"".join([json_line(topic, partition, row, show_key) for row in rows]))
    sys.stdout.buffer.flush()


def _key_shower(settings: Settings, topic: str) -> Callable[[bytes | None], Any]:
    """How the keys of `topic` are shown: as windowed ones where a registered topology says that they are."""
    from streamapp.cli.topic_keys import topic_keys

    try:
        return topic_keys(load_topologies(settings).values(), settings.application).get(topic, plain)
    except ConfigurationError:
        return plain  # any topic can be read where there are no topologies, or broken ones
