"""What a topic is, as a cluster describes it, and what is wrong with one that was asked for.

Knows nothing of whom to ask.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import errors as kafka

from streamapp.errors import ConfigurationError, StreamappError
from streamapp.kafka.offsets import raise_for

_NO_SUCH_TOPIC = {3, 17}
"""Unknown, and a name that no topic can have."""

_ALREADY_EXISTS = 36
_REMEDIES = {
    17: "a name has at most 249 letters, digits, '.', '_' and '-'",
    37: "a topic has at least one partition",
    38: "set replication_factor (STREAMAPP_REPLICATION_FACTOR) to the number of brokers or less",
    40: "correct its configuration",
    44: "a policy of the cluster forbids it",
}
"""What to do about a topic the cluster refuses to make, by error code."""


@dataclass(frozen=True)
class TopicInfo:
    """A topic of the cluster; `config` has the value in force of every option."""

    id: str
    """As Kafka writes it: 22 characters, another one for a topic that was deleted and made again."""
    partitions: int
    replication: int
    config: Mapping[str, str]
    internal: bool = False
    """Whether it is Kafka's own."""


def topics_in(response: Any) -> Iterator[tuple[str, TopicInfo, dict[int, int]]]:
    """The topics in an answer to Metadata v12 that exist: name, description without configuration, leaders.

    Raises an error of the client library for a topic that cannot be described now, or ever.
    """
    for code, name, topic_id, internal, partitions, _, _ in response.topics:
        if code in _NO_SUCH_TOPIC:
            continue
        raise_for(code, name)
        leaders = {number: leader for _, number, leader, *_ in partitions}
        if -1 in leaders.values():
            raise kafka.LeaderNotAvailableError(name)
        replication = max((len(replicas) for _, _, _, _, replicas, *_ in partitions), default=0)
        yield name, TopicInfo(_text(topic_id), len(leaders), replication, {}, internal), leaders


def _text(topic_id: bytes) -> str:
    return urlsafe_b64encode(topic_id).decode().rstrip("=")


def configs_in(response: Any) -> dict[str, dict[str, str]]:
    """The values in an answer to DescribeConfigs, by topic."""
    found: dict[str, dict[str, str]] = {}
    for code, _, _, name, entries in response.resources:
        raise_for(code, name)
        found[name] = {key: value for key, value, *_ in entries if value is not None}
    return found


def already_exists(response: Any, name: str, doing: str) -> bool:
    """Reads an answer to CreateTopics for one topic; raises `ConfigurationError` when it could not be made."""
    ((_, code, message),) = response.topic_errors
    if code in _REMEDIES:
        raise ConfigurationError(f"{doing}: {message or kafka.for_code(code).message}: {_REMEDIES[code]}")
    if code != _ALREADY_EXISTS:
        raise_for(code, message or name)
    return bool(code)


def mismatch(name: str, info: TopicInfo, partitions: int, config: Mapping[str, str]) -> StreamappError | None:
    """Why an existing topic is not the one that was asked for, if it is not."""
    if info.partitions != partitions:
        return ConfigurationError(
            f"topic {name!r} exists with {info.partitions} partitions, not {partitions}: use it with "
            f"{info.partitions}, choose another name, or delete it"
        )
    for option, value in sorted(config.items()):
        if info.config.get(option) != value:
            return ConfigurationError(
                f"topic {name!r} exists with {option}={info.config.get(option)}, not {value}: change it with "
                f"'kafka-configs.sh --alter --topic {name} --add-config {option}={value}', which keeps its records"
            )
    return None
