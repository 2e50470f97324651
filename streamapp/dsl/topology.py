"""A topology: a name and the ends of its streams and tables, checked as a whole.

Knows nothing of how it is planned or run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.failure import OnError
from streamapp.dsl.materialized import Materialized, check_stores
from streamapp.dsl.naming import checked
from streamapp.dsl.node import (
    Aggregate,
    Node,
    Repartition,
    Sink,
    Source,
    StreamTableJoin,
    TableSource,
    ancestors,
)
from streamapp.dsl.nodes_join import StreamJoin
from streamapp.dsl.nodes_stream import ChosenSink, Process
from streamapp.dsl.nodes_table import (
    ForeignKeyJoin,
    GlobalTable,
    TableAggregate,
    TableFilter,
    TableJoin,
    TableMapValues,
    ToTable,
)
from streamapp.dsl.nodes_windowed import Cogroup, Deduplicate, Suppress
from streamapp.dsl.place import author_line
from streamapp.dsl.stream import End, Stream
from streamapp.dsl.table import Table
from streamapp.dsl.topic import Topic
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
    "gallery",
    "history",
    "import",
    "lag",
    "list",
    "metrics",
    "produce",
    "rebuild",
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

    `on_error` says what becomes of a record that cannot be decoded or processed, or whose results cannot be
    written: `dead_letter` sends it to `<group>-dead-letters` and goes on, `skip` counts it and goes on, `fail` stops
    the topology; a function decides for each, such as `retrying()` (KIP-1033). `max_task_idle_ms` is how long a
    task waits for records of a partition that has none before it goes on with the others: 0 only while the broker
    has some, -1 not at all (KIP-695). `cache_max_bytes` lets changes of tables wait for the commit, so that only the
    last one of each key goes on: about so many bytes of them in each task, 0 for none (Kafka Streams'
    `statestore.cache.max.bytes`). When a task has had no record for `idle_timeout_ms`, its stream time goes on by the
    clock, so that windows close without a next record; what comes later may be late. A record of a stream whose
    timestamp is more than `max_ahead_ms` ahead of the machine's clock fails and moves no time on, so that no window
    closes earlier than that. `stores` says, by the names of steps or attached stores, how their state is kept where
    that is not as usual.

    Raises `TopologyError` for a name that is a command's, no end, two steps of one name, a topic that is read or
    written in two ways, or `stores` of no step's state.
    """

    name: str
    ends: tuple[Ending, ...]
    on_error: OnError
    max_task_idle_ms: int
    cache_max_bytes: int
    idle_timeout_ms: int | None
    max_ahead_ms: int | None
    stores: Mapping[str, Materialized] = field(hash=False)

    def __init__(
        self,
        name: str,
        *ends: Ending,
        on_error: OnError = "dead_letter",
        max_task_idle_ms: int = 0,
        cache_max_bytes: int = 0,
        idle_timeout_ms: int | None = None,
        max_ahead_ms: int | None = None,
        stores: Mapping[str, Materialized] | None = None,
    ) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "on_error", on_error)
        object.__setattr__(self, "max_task_idle_ms", max_task_idle_ms)
        object.__setattr__(self, "cache_max_bytes", cache_max_bytes)
        object.__setattr__(self, "idle_timeout_ms", idle_timeout_ms)
        object.__setattr__(self, "max_ahead_ms", max_ahead_ms)
        object.__setattr__(self, "stores", MappingProxyType(dict(stores or {})))
        _check_name(name)
        _check_options(self)
        _check_ends(name, ends)
        _check_names(self)
        _check_topics(self)
        check_stores(name, self.stores, self.nodes)

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
    if topology.on_error not in ("dead_letter", "fail", "skip") and not callable(topology.on_error):
        raise TopologyError(
            f"topology {topology.name!r}: on_error={topology.on_error!r}: give 'dead_letter', 'fail' or 'skip', or a "
            "function that decides"
        )
    if topology.max_task_idle_ms < -1:
        raise TopologyError(
            f"topology {topology.name!r}: max_task_idle_ms={topology.max_task_idle_ms}: give -1, 0 or more"
        )
    if topology.cache_max_bytes < 0:
        raise TopologyError(
            f"topology {topology.name!r}: cache_max_bytes={topology.cache_max_bytes}: give 0 for no cache, or more"
        )
    if topology.idle_timeout_ms is not None and topology.idle_timeout_ms <= 0:
        raise TopologyError(
            f"topology {topology.name!r}: idle_timeout_ms={topology.idle_timeout_ms}: give 1 or more, or leave it out"
        )
    if topology.max_ahead_ms is not None and topology.max_ahead_ms < 0:
        raise TopologyError(
            f"topology {topology.name!r}: max_ahead_ms={topology.max_ahead_ms}: give 0 or more, or leave it out"
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


_NAMED = (
    Aggregate
    | Cogroup
    | Deduplicate
    | ForeignKeyJoin
    | GlobalTable
    | Process
    | Repartition
    | StreamJoin
    | StreamTableJoin
    | Suppress
    | TableAggregate
    | TableFilter
    | TableJoin
    | TableMapValues
    | TableSource
    | ToTable
)
"""Steps whose names belong to them alone."""


def _check_names(topology: Topology) -> None:
    """No two steps may have one name: it names topics, state and metrics."""
    seen: dict[str, Node] = {}
    for node in topology.nodes:
        if isinstance(node, _NAMED) and node.name is not None:
            _one_of_its_name(topology, seen, node.name, node)
    attached: dict[AttachedStore[Any], Node] = {}
    for node in topology.nodes:
        for store in node.stores if isinstance(node, Process) else ():
            if store not in attached:
                attached[store] = node
                _one_of_its_name(topology, seen, store.name, node)


def _one_of_its_name(topology: Topology, seen: dict[str, Node], name: str, node: Node) -> None:
    other = seen.setdefault(name, node)
    if other is not node:
        raise TopologyError(
            f"topology {topology.name!r}: two steps are called {name!r}, at {other.place} and "
            f"{node.place}: rename one, or use one value for both"
        )


def _check_topics(topology: Topology) -> None:
    """A topic holds the same types everywhere, and a table's is read once, as in Kafka Streams."""
    used: dict[str, tuple[Topic[Any, Any], Node]] = {}
    read: dict[str, Node] = {}
    for node in topology.nodes:
        for topic in _topics_of(node):
            same, other = used.setdefault(topic.name, (topic, node))
            if same != topic:
                raise TopologyError(
                    f"topology {topology.name!r}: topic {topic.name!r} has other types or formats at "
                    f"{other.place} than at {node.place}: use one Topic value for both"
                )
            if not isinstance(node, Source | TableSource | GlobalTable):
                continue
            first = read.setdefault(topic.name, node)
            if first is not node and not (isinstance(first, Source) and isinstance(node, Source)):
                raise TopologyError(
                    f"topology {topology.name!r}: topic {topic.name!r} is read at {first.place} and "
                    f"again at {node.place}, once as a table: use one table value, and its .to_stream()"
                )


def _topics_of(node: Node) -> tuple[Topic[Any, Any], ...]:
    """The topics a step reads or writes, as far as they have names."""
    if isinstance(node, Source | ChosenSink):
        return node.topics
    return (node.topic,) if isinstance(node, TableSource | GlobalTable | Repartition | Sink) else ()
