"""The recorded input of a topology: its topics from their beginning to a moment, read without leaving a trace.

Reads committed records, in no consumer group, and writes nothing. Knows nothing of what is made of the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamapp.cli.cluster import TopicPartition, existing, open_consumer, partitions_of
from streamapp.cli.moments import Moment, Offset, Place, Time
from streamapp.cli.reading import read, runs
from streamapp.cli.table_rows import planned
from streamapp.dsl.nodes_stream import ProcessAsync
from streamapp.dsl.topology import Topology
from streamapp.engine.partitions import partition_counts
from streamapp.engine.specs import Plan
from streamapp.errors import ConfigurationError, NotFoundError
from streamapp.kafka import Admin
from streamapp.replay.run import Replay
from streamapp.settings import Settings
from streamapp.worker.names import Names


@dataclass(frozen=True)
class Recording:
    """The plan a worker runs, the partitions of all its topics, and the part of each source to be read."""

    plan: Plan
    names: Names
    widths: Mapping[str, int]
    """By the engine's names."""
    starts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    compacted: frozenset[str]
    """Sources that forget what a later record of the key has replaced."""


async def recording(settings: Settings, admin: Admin, topology: Topology) -> Recording:
    """The whole input there is now; raises `NotFoundError` for a source that does not exist.

    Raises `ConfigurationError` for a topology whose asynchronous functions would have to be called once more.
    """
    names = Names.of(settings.application, topology.name)
    plan = await planned(admin, topology, names)
    _refuse_calls(plan)
    sources = [source.topic for sub in plan.subtopologies for source in sub.sources if not source.internal]
    topics = list(dict.fromkeys([*sources, *(spec.topic for spec in plan.globals)]))
    infos = {topic: await existing(admin, topic) for topic in topics}
    counts = {topic: info.partitions for topic, info in infos.items()}
    partitions = [at for topic, info in infos.items() for at in partitions_of(topic, info)]
    return Recording(
        plan,
        names,
        counts | partition_counts(plan, counts),
        await admin.beginnings(partitions),
        await admin.ends(partitions),
        frozenset(topic for topic, info in infos.items() if "compact" in info.config["cleanup.policy"]),
    )


def _refuse_calls(plan: Plan) -> None:
    for sub in plan.subtopologies:
        for node in sub.nodes:
            if isinstance(node, ProcessAsync):
                raise ConfigurationError(
                    f"topology {plan.topology.name!r} calls {node.call.where} for each record, and what it answered "
                    "is in no log: to run the topology again would call it again"
                )


async def ends_at(settings: Settings, admin: Admin, recorded: Recording, until: Moment) -> dict[TopicPartition, int]:
    """Where each source partition ends at a moment; raises `NotFoundError` for a record that is not there."""
    ends = dict(recorded.ends)
    match until:
        case Offset(number):
            return {at: min(end, number) for at, end in ends.items()}
        case Time(ms):
            return await _ends_at_time(admin, ends, ms)
        case Place(topic, partition, offset):
            time = await _time_of(settings, recorded, until)
            return await _ends_at_time(admin, ends, time) | {(topic, partition): offset}


async def _ends_at_time(admin: Admin, ends: Mapping[TopicPartition, int], ms: int) -> dict[TopicPartition, int]:
    found = await admin.offsets_at(ends, ms)
    return {at: end if found[at] < 0 else min(end, found[at]) for at, end in ends.items()}


async def _time_of(settings: Settings, recorded: Recording, place: Place) -> int:
    """The timestamp (ms) of a record."""
    at = place.topic, place.partition
    if at not in recorded.ends:
        known = ", ".join(sorted({topic for topic, _ in recorded.ends}))
        raise NotFoundError(
            f"topology {recorded.plan.topology.name!r} does not read partition {at[1]} of {at[0]!r}; it reads {known}"
        )
    if recorded.starts[at] <= place.offset < recorded.ends[at]:
        async with open_consumer(settings) as consumer:
            async for _, rows in read(consumer, {at: place.offset}, {at: recorded.ends[at]}):
                return rows[0][1]
    raise NotFoundError(
        f"topic {at[0]!r} partition {at[1]} has no record at offset {place.offset} or behind it: it holds "
        f"{recorded.starts[at]} to {recorded.ends[at]}"
    )


def refuse_truncated(recorded: Recording) -> None:
    """Raises `ConfigurationError` when a source no longer begins where it once did: the state cannot be told then."""
    for (topic, partition), start in sorted(recorded.starts.items()):
        if start > 0 and topic not in recorded.compacted:
            raise ConfigurationError(
                f"topic {topic!r} partition {partition} begins at offset {start}: its older records were deleted "
                "(retention.ms), so the state they made cannot be told any more. --incomplete begins with what is "
                "left; retention.ms=-1 keeps all there is from now on"
            )


async def feed(settings: Settings, recorded: Recording, ends: Mapping[TopicPartition, int], replay: Replay) -> None:
    """Runs `replay` over the recorded input up to `ends`."""
    for at, end in ends.items():
        replay.begin(*at, recorded.starts[at])
        replay.set_end(*at, end)
    async with open_consumer(settings) as consumer:
        async for at, rows, next_offset in runs(consumer, recorded.starts, ends):
            replay.add(*at, rows, next_offset)
            replay.run()
