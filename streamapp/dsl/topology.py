"""A topology: a name and the ends of its streams and tables, checked as a whole.

Knows nothing of how it is planned or run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from streamapp.dsl.naming import checked
from streamapp.dsl.node import Aggregate, Node, Repartition, Sink, Source, TableSource, ancestors
from streamapp.dsl.place import author_line
from streamapp.dsl.stream import End, Stream
from streamapp.dsl.table import Table
from streamapp.errors import TopologyError

RESERVED = (
    "agents",
    "asyncapi",
    "backtest",
    "broker",
    "checkout",
    "consume",
    "dead-letters",
    "demo",
    "describe",
    "fail-points",
    "help",
    "history",
    "import",
    "lag",
    "list",
    "metrics",
    "produce",
    "registry",
    "replay",
    "reset",
    "run",
    "schemas",
    "status",
    "table",
    "tables",
    "topics",
    "trace",
    "version",
    "worker",
)
"""Names of commands, which a topology may not bear, since `streamapp NAME` finds both."""


Ending: TypeAlias = End | Table[Any, Any]


@dataclass(frozen=True, slots=True, init=False)
class Topology:
    """What one consumer group does: everything that leads to `ends`.

    `on_error` says what becomes of a record that cannot be decoded or processed: `dead_letter` sends it to
    `<group>-dead-letters` and goes on, `fail` stops the topology. `max_task_idle_ms` is how long a task waits
    for records of a partition that has none before it goes on with the others: 0 only while the broker has
    some, -1 not at all (KIP-695).

    Raises `TopologyError` for a name that is a command's, no end, two steps of one name, or a topic that is
    read or written in two ways.
    """

    name: str
    ends: tuple[Ending, ...]
    on_error: Literal["dead_letter", "fail"]
    max_task_idle_ms: int

    def __init__(
        self,
        name: str,
        *ends: Ending,
        on_error: Literal["dead_letter", "fail"] = "dead_letter",
        max_task_idle_ms: int = 0,
    ) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "on_error", on_error)
        object.__setattr__(self, "max_task_idle_ms", max_task_idle_ms)
        _check_name(name)
        _check_options(self)
        _check_ends(name, ends)
        _check_names(self)
        _check_topics(self)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every step that leads to an end, in the order the author made them."""
        return tuple(ancestors(tuple(end.node for end in self.ends)))


def _check_name(name: str) -> None:
    checked("Topology", name)
    if name in RESERVED:
        raise TopologyError(
            f"topology {name!r} at {author_line()} is called like a command: choose another name than "
            f"{', '.join(RESERVED)}"
        )


def _check_options(topology: Topology) -> None:
    if topology.on_error not in ("dead_letter", "fail"):
        raise TopologyError(f"topology {topology.name!r}: on_error={topology.on_error!r}: give 'dead_letter' or 'fail'")
    if topology.max_task_idle_ms < -1:
        raise TopologyError(
            f"topology {topology.name!r}: max_task_idle_ms={topology.max_task_idle_ms}: give -1, 0 or more"
        )


def _check_ends(name: str, ends: tuple[object, ...]) -> None:
    if not ends:
        raise TopologyError(
            f"topology {name!r} at {author_line()} has no end: give it what .to(TOPIC) returns, or a table"
        )
    for end in ends:
        if not isinstance(end, End | Table):
            remedy = "add .to(TOPIC)" if isinstance(end, Stream) else "give what .to(TOPIC) returns, or a table"
            raise TopologyError(f"topology {name!r} at {author_line()}: a {type(end).__name__} is not an end: {remedy}")


def _check_names(topology: Topology) -> None:
    """No two steps may have one name: it names topics, state and metrics."""
    seen: dict[str, Node] = {}
    for node in topology.nodes:
        if isinstance(node, Aggregate | TableSource | Repartition) and node.name is not None:
            other = seen.setdefault(node.name, node)
            if other is not node:
                raise TopologyError(
                    f"topology {topology.name!r}: two steps are called {node.name!r}, at {other.place} and "
                    f"{node.place}: rename one, or use one value for both"
                )


def _check_topics(topology: Topology) -> None:
    """A topic holds the same types everywhere, and a table's is read once, as in Kafka Streams."""
    used: dict[str, Source | TableSource | Repartition | Sink] = {}
    read: dict[str, Source | TableSource] = {}
    for node in topology.nodes:
        if isinstance(node, Source | TableSource | Repartition | Sink):
            other = used.setdefault(node.topic.name, node)
            if other.topic != node.topic:
                raise TopologyError(
                    f"topology {topology.name!r}: topic {node.topic.name!r} has other types or formats at "
                    f"{other.place} than at {node.place}: use one Topic value for both"
                )
        if isinstance(node, Source | TableSource):
            first = read.setdefault(node.topic.name, node)
            if first is not node and TableSource in (type(first), type(node)):
                raise TopologyError(
                    f"topology {topology.name!r}: topic {node.topic.name!r} is read at {first.place} and "
                    f"again at {node.place}, once as a table: use one table value, and its .to_stream()"
                )
