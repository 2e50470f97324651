"""Puts events of the past on a topic: makes the topic, writes fast, says how far it is.

Knows nothing of data sets.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from itertools import islice

import click

from streamapp.cli.cluster import open_admin, open_writer, partitions_of
from streamapp.cli.importers.events import Event
from streamapp.errors import ConfigurationError
from streamapp.kafka import Admin, Partitioner, TopicInfo
from streamapp.settings import Settings

KEPT = {"retention.ms": "-1"}
"""Kafka's retention follows the record's time: without this, old events would vanish within minutes."""

_SLICE = 5_000
"""Events between two looks at the producer."""


async def load(settings: Settings, topic: str, partitions: int, events: Iterable[Event]) -> int:
    """Writes all events to `topic`, made if need be, and gives their number.

    Raises `ConfigurationError` when the topic exists with another number of partitions.
    """
    async with open_admin(settings) as admin:
        info = await _topic(admin, topic, partitions, settings.replication_factor)
    progress = Progress()
    partitioner = Partitioner(partitions)
    remaining = iter(events)
    async with open_writer(settings, {topic: info}) as writer:
        put = writer.put
        while part := list(islice(remaining, _SLICE)):
            for timestamp, key, value in part:
                put(topic, partitioner(key), timestamp, key, value, ())
            await writer.pump()
            progress.add(len(part))
        await writer.flush()
    progress.end()
    return progress.done


async def make_missing(settings: Settings, wanted: Mapping[str, Mapping[str, str]], partitions: int) -> None:
    """Makes topics that are not there, to keep records of the past, and says so."""
    async with open_admin(settings) as admin:
        known = await admin.describe(sorted(wanted))
        for name, config in wanted.items():
            if name not in known:
                await admin.create(name, partitions, {**KEPT, **config}, settings.replication_factor)
                click.echo(f"topic {name!r} made, beside it", err=True)


async def _topic(admin: Admin, topic: str, partitions: int, replication: int) -> TopicInfo:
    known = (await admin.describe([topic])).get(topic)
    if known is None:
        await admin.create(topic, partitions, KEPT, replication)
        return (await admin.describe([topic]))[topic]
    if known.partitions != partitions:
        raise ConfigurationError(
            f"topic {topic!r} exists with {known.partitions} partitions, not {partitions}: "
            f"give --partitions {known.partitions}, or another --topic"
        )
    held = sum((await admin.ends(partitions_of(topic, known))).values())
    if held:
        click.echo(f"topic {topic!r} is not empty: the events are added to what is there", err=True)
    if known.config.get("retention.ms", "-1") != "-1":
        click.echo(f"topic {topic!r} does not keep old events: it was made without retention.ms=-1", err=True)
    return known


class Progress:
    """A line on stderr that grows; one line per 100,000 events where stderr is a file."""

    def __init__(self) -> None:
        self.done = 0
        self._began = time.monotonic()
        self._step = 25_000 if sys.stderr.isatty() else 100_000

    def add(self, count: int) -> None:
        """Counts events and says so now and then."""
        before, self.done = self.done, self.done + count
        if self.done // self._step > before // self._step:
            self._say(end="\r" if sys.stderr.isatty() else "\n")

    def end(self) -> None:
        """Says how it ended."""
        self._say(end="\n")

    def _say(self, end: str) -> None:
        rate = self.done / max(time.monotonic() - self._began, 0.001)
        click.echo(f"{self.done:,} events, {rate:,.0f}/s{end}", nl=False, err=True)
