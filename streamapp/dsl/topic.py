"""A topic as a frozen value: its name and what its records hold.

Knows nothing of brokers, partitions or bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from streamapp.dsl.format import Format
from streamapp.dsl.place import author_line
from streamapp.errors import TopologyError

if TYPE_CHECKING:
    from typing_extensions import TypeForm

K = TypeVar("K")
V = TypeVar("V")
V_contra = TypeVar("V_contra", contravariant=True)

_LEGAL = re.compile(r"[a-zA-Z0-9._-]{1,249}")


class Destination(Protocol[K, V_contra]):
    """What values of a type may be written to: a topic of that type, or of a wider one.

    For type checkers alone; at run time it is a `Topic`.
    """

    def takes(self, key: K, value: V_contra) -> K:
        """Makes the keys' types equal and lets the topic's value type be wider."""
        ...


@dataclass(frozen=True, slots=True)
class Topic(Generic[K, V]):
    """A Kafka topic and the types of its keys and values.

    `format` and `key_format` are None for the default of the type: text for `str`, raw for `bytes`, JSON for
    all else. Raises `TopologyError` for a name Kafka would refuse.
    """

    name: str
    key: TypeForm[K]
    value: TypeForm[V]
    format: Format | None = None
    key_format: Format | None = None

    def __post_init__(self) -> None:
        if not _LEGAL.fullmatch(self.name) or self.name in {".", ".."}:
            raise TopologyError(
                f"topic name {self.name!r} is not legal in Kafka: use 1 to 249 of letters, digits, '.', '_' and '-'"
            )

    if TYPE_CHECKING:

        def takes(self, key: K, value: V) -> K:
            """Makes it a `Destination`."""
            ...


@dataclass(frozen=True, slots=True)
class TopicPattern(Generic[K, V]):
    """All topics whose whole name matches a regular expression, and the types of their keys and values.

    Topics that come into being later are read from when the worker next looks. Raises `TopologyError` for what
    is no regular expression.
    """

    pattern: str
    key: TypeForm[K]
    value: TypeForm[V]
    format: Format | None = None
    key_format: Format | None = None

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise TopologyError(f"topic pattern {self.pattern!r} is not a regular expression: {error}") from None

    @property
    def name(self) -> str:
        """What `describe`, the CLI and the pages call it."""
        return self.pattern

    def topics(self, existing: Iterable[str]) -> tuple[Topic[K, V], ...]:
        """Those of the `existing` topics that match, by name."""
        matching = sorted(name for name in existing if re.fullmatch(self.pattern, name))
        return tuple(
            Topic(name, self.key, self.value, format=self.format, key_format=self.key_format) for name in matching
        )


def checked_topic(step: str, topic: object) -> Topic[Any, Any]:
    """`topic`, when it is one; raises `TopologyError` naming `step` and the author's line."""
    if not isinstance(topic, Topic):
        raise TopologyError(f'{step} at {author_line()}: {topic!r} is not a topic: give Topic("name", key=…, value=…)')
    return topic
