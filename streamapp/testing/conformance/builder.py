"""What has been built of a case, and what every op needs: names, topics, functions by their names.

Knows no particular op.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from streamapp.dsl.stream import Stream
from streamapp.dsl.table import Table
from streamapp.dsl.topic import Topic
from streamapp.errors import UsageError
from streamapp.testing.conformance.cases import Spec
from streamapp.testing.conformance.scalar import scalar

_TYPES: Mapping[str, type] = {"string": str, "int": int, "long": int, "double": float}


class Builder:
    """The streams, tables and groupings built so far, by the names of their nodes."""

    def __init__(self, config: Spec) -> None:
        self.config = config
        self.built: dict[str, Any] = {}

    def stream(self, name: str) -> Stream[Any, Any]:
        """The stream called `name`; raises `UsageError` when there is none."""
        found: Stream[Any, Any] = self._of_kind(name, Stream)
        return found

    def table(self, name: str) -> Table[Any, Any]:
        """The table called `name`; raises `UsageError` when there is none."""
        found: Table[Any, Any] = self._of_kind(name, Table)
        return found

    def any(self, name: str) -> Any:
        """Whatever is called `name`, such as a grouping; raises `UsageError` when there is nothing."""
        return self._of_kind(name, object)

    def _of_kind(self, name: str, kind: type) -> Any:
        found = self.built.get(name)
        if found is None:
            raise UsageError(f"the case uses {name!r} before it is made: its nodes make {sorted(self.built)}")
        if not isinstance(found, kind):
            raise UsageError(f"the case uses {name!r} as a {kind.__name__}, but it is a {type(found).__name__}")
        return found

    def keyed(self, stream: Stream[Any, Any], name: str) -> Stream[Any, Any]:
        """The stream with each record on the partition of its key, as Kafka Streams sees to before a join."""
        return stream.repartition(label(name)) if stream.node.key_changed else stream


def label(name: str) -> str:
    """A node's name in kebab-case."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def topic_of(node: Spec) -> Topic[Any, Any]:
    """The topic a source node reads."""
    key, value = _type_of(node["key_type"]), _type_of(node["value_type"])
    return Topic(node["topic"], key=key, value=value, format=scalar, key_format=scalar)


def _type_of(name: str) -> Any:
    return _TYPES.get(name)
