"""What the Applications need of the cluster, looked up and put in place before anything is consumed.

Source and sink topics must exist; internal topics are made here, with the partitions the plan asks for. All problems
of all topologies are reported at once. Knows nothing of tasks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from streamapp.dsl.node import Source
from streamapp.engine.partitions import partition_counts
from streamapp.engine.plan import plan as make_plan
from streamapp.engine.specs import Plan
from streamapp.errors import ConfigurationError, TopologyError
from streamapp.formats import codec_for
from streamapp.kafka import TopicInfo
from streamapp.kafka.interfaces import Kafka, Topics
from streamapp.settings import Settings
from streamapp.state import Identity
from streamapp.worker.names import Names

logger = logging.getLogger(__name__)

_ANY_TIME = {"message.timestamp.after.max.ms": str(2**63 - 1)}
"""Kafka 4 refuses stamps an hour ahead of its clock; what was accepted upstream must not be refused here."""

CHANGELOG = {"cleanup.policy": "compact", **_ANY_TIME}
REPARTITION = {"cleanup.policy": "delete", "retention.ms": "-1", **_ANY_TIME}
"""Never deleted by time, which Kafka counts from the record's stamp, but by us, once committed."""
DEAD_LETTERS = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "max.message.bytes": str(100 * 1024 * 1024),
    **_ANY_TIME,
}
"""As large as a request to a broker may be by default: whatever a source topic takes can be put aside."""


@dataclass(frozen=True)
class Cluster:
    """A prepared cluster: every topic the topologies use exists and is described here by Kafka's name."""

    bootstrap: str
    admin: Topics
    kafka: Kafka
    """Makes its clients."""
    cluster_id: str
    topics: Mapping[str, TopicInfo]
    plans: Mapping[str, Plan]
    """By topology; each store with the log that suits its topic."""

    @property
    def partitions(self) -> dict[str, int]:
        """Partition count of each topic."""
        return {name: info.partitions for name, info in self.topics.items()}

    @property
    def limits(self) -> dict[str, int]:
        """The largest record batch in bytes each topic accepts (`max.message.bytes`)."""
        return {name: int(info.config["max.message.bytes"]) for name, info in self.topics.items()}

    def identity(self, sources: Iterable[str]) -> Identity:
        """What a state folder must have been made from to be believed."""
        return Identity(
            cluster_id=self.cluster_id,
            topic_ids={name: self.topics[name].id for name in sorted(sources)},
        )


async def prepare(bootstrap: str, admin: Topics, kafka: Kafka, plans: Iterable[Plan], settings: Settings) -> Cluster:
    """Checks and completes the topics of all `plans`; raises one `ConfigurationError` that lists what is wrong."""
    plans = await _with_matching_topics(list(plans), admin, settings.application)
    known = await admin.describe(sorted({topic for plan in plans for topic in _external(plan)}))
    plans = [plan.with_changelogs(not_compacted(plan, known)) for plan in plans]
    problems = [problem for plan in plans for problem in _missing(plan, known)]
    internal: dict[str, tuple[int, dict[str, str]]] = {}
    for plan in plans:
        if unmatched := list(_unmatched(plan)):
            problems += unmatched
            continue
        try:
            internal |= _internal(plan, known, settings)
        except TopologyError as error:
            problems.append(str(error))
        except KeyError:
            continue  # a missing source, listed already
    if problems:
        raise ConfigurationError("\n".join(problems))
    for name, (count, config) in internal.items():
        await admin.create(name, count, config, settings.replication_factor)
    described = {**known, **await admin.describe(sorted(internal))}
    for warning in (*_short_retention(plans, described), *_forgetful(plans, described)):
        logger.warning(warning)
    return Cluster(bootstrap, admin, kafka, admin.cluster_id, described, {plan.topology.name: plan for plan in plans})


def by_pattern(plan: Plan) -> tuple[Source, ...]:
    """The nodes that read whatever topics match a pattern."""
    return tuple(node for node in plan.topology.nodes if isinstance(node, Source) and node.pattern is not None)


async def look_again(cluster: Cluster, plan: Plan, settings: Settings) -> Cluster | None:
    """The cluster and the plan anew when other topics match the plan's patterns than it reads; None: the same do."""
    (now,) = await _with_matching_topics([plan], cluster.admin, settings.application)
    if _sources(now) == _sources(plan) or list(_unmatched(now)):
        return None
    logger.info("%s: other topics match its patterns now, it begins again with them", plan.topology.name)
    return await prepare(cluster.bootstrap, cluster.admin, cluster.kafka, [now], settings)


def _sources(plan: Plan) -> set[str]:
    return {source.topic for sub in plan.subtopologies for source in sub.sources}


async def _with_matching_topics(plans: list[Plan], admin: Topics, application: str) -> list[Plan]:
    """The plans with the topics of the cluster that match their patterns, but never internal ones of their own."""
    if not any(map(by_pattern, plans)):
        return plans
    existing = await admin.list()
    return [
        make_plan(
            plan.topology,
            codec_for,
            [name for name in existing if not Names.of(application, plan.topology.name).made(name)],
        )
        if by_pattern(plan)
        else plan
        for plan in plans
    ]


def _unmatched(plan: Plan) -> Iterator[str]:
    """What is wrong with patterns that no topic matches: nothing could say how many tasks there are."""
    for node in by_pattern(plan):
        if not any(node in source.nodes for sub in plan.subtopologies for source in sub.sources):
            yield (
                f"topology {plan.topology.name!r} reads all topics that match {node.topic.name!r}, and there is none: "
                "make one, or correct the pattern"
            )


def not_compacted(plan: Plan, known: Mapping[str, TopicInfo]) -> frozenset[str]:
    """The topics a plan reads as tables that Kafka does not keep the last record of each key of."""
    tables = {str(spec.source_topic) for spec in plan.stores if spec.log == "source"}
    return frozenset(name for name in tables & set(known) if "compact" not in known[name].config["cleanup.policy"])


def _short_retention(plans: Iterable[Plan], topics: Mapping[str, TopicInfo]) -> Iterator[str]:
    """Source topics that lose records sooner than a store of their readers loses windows."""
    for plan in plans:
        for sub in plan.subtopologies:
            needed = max((spec.retention or 0 for spec in sub.stores), default=0)
            for source in sub.sources:
                kept = -1 if source.internal else int(topics[source.topic].config["retention.ms"])
                if 0 <= kept < needed:
                    yield (
                        f"topic {source.topic!r} keeps records for {kept} ms (retention.ms, by the record's time), but "
                        f"a store of topology {plan.topology.name!r} keeps {needed} ms: raise retention.ms, or set it "
                        "to -1, before older records are replayed"
                    )


def _forgetful(plans: Iterable[Plan], topics: Mapping[str, TopicInfo]) -> Iterator[str]:
    """Topics of global tables that lose rows, though nothing else keeps them."""
    for plan in plans:
        for spec in plan.globals:
            policy, kept = topics[spec.topic].config["cleanup.policy"], topics[spec.topic].config["retention.ms"]
            if "compact" not in policy and kept != "-1":
                yield (
                    f"topic {spec.topic!r} is global table {spec.store.name!r} of topology {plan.topology.name!r}, but "
                    f"keeps records for {kept} ms only: set its cleanup.policy to compact, or rows are lost with them"
                )


def _external(plan: Plan) -> dict[str, str]:
    """Topics that are not ours to make, each with what the topology does with it."""
    topics = {sink.topic: "writes" for sub in plan.subtopologies for sink in sub.sinks if not sink.internal}
    topics |= {source.topic: "reads" for sub in plan.subtopologies for source in sub.sources if not source.internal}
    return topics | {spec.topic: "reads" for spec in plan.globals}


def _missing(plan: Plan, known: Mapping[str, TopicInfo]) -> list[str]:
    return [
        f"topology {plan.topology.name!r} {verb} topic {topic!r}, which does not exist: make it with "
        f"'streamapp topics create {topic}', or all that are missing with 'streamapp topics create --all'"
        for topic, verb in _external(plan).items()
        if topic not in known
    ]


def _internal(plan: Plan, known: Mapping[str, TopicInfo], settings: Settings) -> dict[str, tuple[int, dict[str, str]]]:
    """The internal topics of a plan by Kafka's name, each with its partitions and configuration."""
    names, usual = Names.of(settings.application, plan.topology.name), dict(settings.internal_topic_config)
    counts = {name: info.partitions for name, info in known.items()}
    repartition = partition_counts(plan, counts)
    topics = {names.internal(topic): (count, {**REPARTITION, **usual}) for topic, count in repartition.items()}
    widths = {**counts, **repartition}
    for sub in plan.subtopologies:
        tasks = max(widths[source.topic] for source in sub.sources)
        for spec in sub.stores:
            if spec.log == "changelog":
                topics[names.changelog(spec.name)] = (tasks, {**CHANGELOG, **usual, **dict(spec.topic_config)})
    topics[names.dead_letters] = (1, {**DEAD_LETTERS, **usual})
    return topics
