"""`streamapp TOPOLOGY backtest`: the present code over recorded input, compared with what was written.

The topology runs again in memory over the input its group has committed; nothing is written, no group is joined.
Knows nothing of how a topology runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
import msgspec
import orjson

from streamapp.cli.cluster import TopicPartition
from streamapp.cli.moments import Time, time_of
from streamapp.cli.options import application_options, current_settings
from streamapp.dsl.topology import Topology
from streamapp.errors import ConfigurationError, NotFoundError
from streamapp.settings import Settings

if TYPE_CHECKING:
    from streamapp.cli.recording import Recording
    from streamapp.engine.specs import SinkSpec
    from streamapp.kafka import Admin
    from streamapp.replay.comparison import Comparison

_SHOWN = 20
"""Differences printed for people."""

_FAILED = 1


class Different(msgspec.Struct, frozen=True):
    """A key of a topic, with the values that were recorded and would not be written now, and the other way round."""

    topic: str
    key: Any
    recorded: list[Any]
    computed: list[Any]


class Result(msgspec.Struct, frozen=True):
    """How many keys of topics were compared, and those that differ."""

    compared: int
    different: list[Different]


@click.command()
@click.option("--since", required=True, metavar="TIME", help="Compare what has this timestamp or a later one.")
@click.option("--incomplete", is_flag=True, help="Go on though the topics no longer hold their oldest records.")
@click.option("--json", "as_json", is_flag=True, help='Print {"compared", "different"}.')
@application_options
@click.pass_obj
def backtest(topology: Topology, since: str, incomplete: bool, as_json: bool) -> int:
    """Run the present code over the recorded input and compare what it writes with what was written.

    The input is what the topology's group has processed, from the beginning, so that its state is right; outputs are
    compared from the given time on, by topic and key. Exit code 1 when a key differs: "recorded" are the values that
    would not be written now, "computed" those that were not written then.
    """
    found = asyncio.run(compare(current_settings(), topology, time_of("--since", since), incomplete=incomplete))
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        for one in found.different[:_SHOWN]:
            click.echo(f"{one.topic} {_text(one.key)}: recorded {_text(one.recorded)}, computed {_text(one.computed)}")
        if len(found.different) > _SHOWN:
            click.echo(f"… and {len(found.different) - _SHOWN} more: --json prints all")
        click.echo(f"{found.compared} keys compared, {len(found.different)} differ")
    return _FAILED if found.different else 0


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


async def compare(settings: Settings, topology: Topology, since: Time, *, incomplete: bool) -> Result:
    """Runs the topology again and compares; raises `NotFoundError` when it has written nothing, or never ran.

    Raises `ConfigurationError` when input or output no longer reach back as far as is asked.
    """
    from streamapp.cli.cluster import open_admin
    from streamapp.cli.recording import feed, recording, refuse_truncated
    from streamapp.kafka import Partitioner
    from streamapp.replay.comparison import Comparison
    from streamapp.replay.run import Replay

    async with open_admin(settings) as admin:
        recorded = await recording(settings, admin, topology)
        if not incomplete:
            refuse_truncated(recorded)
        ends = await _processed(admin, recorded)
        sinks = {sink.topic: sink for sub in recorded.plan.subtopologies for sink in sub.sinks if not sink.internal}
        written, compacted = await _written(admin, topology, list(sinks), since)
    comparison = Comparison(lambda topic: topic in compacted or topology.cache_max_bytes > 0)

    def wrote(sink: SinkSpec, output: Any) -> None:
        _, timestamp, key, value, _ = output
        if timestamp >= since.ms:
            comparison.compute(sink.topic, key, value)

    run = Replay(recorded.plan, recorded.names.group, recorded.widths, Partitioner, wrote=wrote)
    try:
        await feed(settings, recorded, ends, run)
    finally:
        run.close()
    await _read(settings, recorded.names.group, written, since, comparison)
    return Result(comparison.compared, [_shown(sinks[one.topic], one) for one in comparison.different()])


async def _processed(admin: Admin, recorded: Recording) -> dict[TopicPartition, int]:
    """Where the topology's group is in its sources; global tables are read to their ends."""
    names, plan = recorded.names, recorded.plan
    committed = await admin.committed(names.group)
    if not committed:
        raise NotFoundError(
            f"group {names.group!r} has processed nothing yet: there is nothing to compare. Start the topology with "
            f"'streamapp {plan.topology.name} run'"
        )
    only_global = {spec.topic for spec in plan.globals} - {
        source.topic for sub in plan.subtopologies for source in sub.sources
    }
    return {
        at: end if at[0] in only_global else min(end, committed[at][0] if at in committed else recorded.starts[at])
        for at, end in recorded.ends.items()
    }


Written = Mapping[TopicPartition, tuple[int, int]]
"""From which offset to which."""


async def _written(
    admin: Admin, topology: Topology, topics: list[str], since: Time
) -> tuple[dict[TopicPartition, tuple[int, int]], frozenset[str]]:
    """The part of each output partition to be compared, and the topics that keep only last values."""
    from streamapp.cli.cluster import existing, partitions_of

    if not topics:
        raise NotFoundError(f"topology {topology.name!r} writes no topic: compare its tables with 'replay'")
    infos = {topic: await existing(admin, topic) for topic in topics}
    partitions = [at for topic, info in infos.items() for at in partitions_of(topic, info)]
    starts, ends = await admin.beginnings(partitions), await admin.ends(partitions)
    found = await admin.offsets_at(partitions, since.ms)
    compacted = frozenset(topic for topic, info in infos.items() if "compact" in info.config["cleanup.policy"])
    for at in partitions:
        if starts[at] > 0 and found[at] in (-1, starts[at]) and at[0] not in compacted:
            raise ConfigurationError(
                f"topic {at[0]!r} partition {at[1]} begins at offset {starts[at]}: what was written before was deleted "
                "(retention.ms), perhaps also some since the time asked for. Give a later --since"
            )
    return {at: (starts[at], ends[at]) for at in partitions}, compacted


async def _read(settings: Settings, group: str, written: Written, since: Time, comparison: Comparison) -> None:
    """What was written since then, but for the events of other topologies."""
    from streamapp.cli.cluster import open_consumer
    from streamapp.cli.reading import read

    others = group.encode()
    async with open_consumer(settings) as consumer:
        starts = {at: start for at, (start, _) in written.items()}
        ends = {at: end for at, (_, end) in written.items()}
        async for (topic, _), rows in read(consumer, starts, ends):
            for _, timestamp, key, value, headers in rows:
                if timestamp >= since.ms and dict(headers).get("ce_source") in (None, others):
                    comparison.record(topic, key, value)


def _shown(sink: SinkSpec, one: Any) -> Different:
    from streamapp.worker.shown import plain

    def shown(data: bytes | None, decode: Any) -> Any:
        if data is None:
            return None
        try:
            return plain(decode(data))
        except Exception:  # noqa: BLE001 - another program, or other code, wrote it: shown as it is
            return plain(data)

    values = [[shown(value, sink.value.decode) for value in side] for side in (one.recorded, one.computed)]
    return Different(one.topic, shown(one.key, sink.key.decode), *values)
