"""Makes the node of each step of a stream and checks what can be checked of it.

Knows nothing of streams as authors see them, and nothing of how steps run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NoReturn

from streamapp.dsl.function import adapt, pair_type, return_type
from streamapp.dsl.naming import checked
from streamapp.dsl.node import (
    Filter,
    Map,
    MapValues,
    Node,
    Repartition,
    SelectKey,
    Sink,
    StreamTableJoin,
)
from streamapp.dsl.place import author_line
from streamapp.dsl.table import Table
from streamapp.dsl.topic import Topic, checked_topic
from streamapp.dsl.types import contradicts, name_of, plain
from streamapp.errors import TopologyError


def filter_of(node: Node, step: str, predicate: Callable[..., Any], *, negate: bool) -> Node:
    """Keeps or drops by a predicate."""
    return Filter(
        parents=(node,),
        key=node.key,
        value=node.value,
        key_changed=node.key_changed,
        predicate=adapt(step, predicate, node.key, {"the value": node.value}),
        negate=negate,
    )


def map_of(node: Node, mapper: Callable[..., Any], key: Any, value: Any) -> Node:
    """Replaces key and value."""
    function = adapt("map", mapper, node.key, {"the value": node.value})
    found = (None, None) if key and value else pair_type("map", mapper)
    return Map(
        parents=(node,),
        key=key or found[0],
        value=value or found[1],
        key_changed=True,
        mapper=function,
    )


def map_values_of(node: Node, mapper: Callable[..., Any], value: Any) -> Node:
    """Replaces the value."""
    return MapValues(
        parents=(node,),
        key=node.key,
        value=value or return_type("map_values", mapper),
        key_changed=node.key_changed,
        mapper=adapt("map_values", mapper, node.key, {"the value": node.value}),
    )


def select_key_of(node: Node, step: str, selector: Callable[..., Any], key: Any, name: str | None = None) -> Node:
    """Replaces the key; `name` is that of the grouping this is for."""
    return SelectKey(
        parents=(node,),
        name=name,
        key=key or return_type(step, selector),
        value=node.value,
        key_changed=True,
        selector=adapt(step, selector, node.key, {"the value": node.value}),
    )


def repartition_of(node: Node, name: str, partitions: int | None) -> Node:
    """Sends records to the partition of their key."""
    return _repartition("repartition", node, name, partitions, grouped=False)()


def grouping_of(node: Node, step: str, name: str, partitions: int | None) -> Callable[[], Node]:
    """As `repartition_of`, but the node is made when it is first asked for."""
    return cache(_repartition(step, node, name, partitions, grouped=True))


def grouping_by_key_of(node: Node, name: str | None) -> Callable[[], Node]:
    """The node itself, unless a step has changed the key."""
    if not node.key_changed:
        return lambda: node
    if name is None:
        refuse_changed_key(node, "group_by_key", 'give it a name, .group_by_key("name"), or ')
    return grouping_of(node, "group_by_key", name, None)


def _repartition(step: str, node: Node, name: str, partitions: int | None, *, grouped: bool) -> Callable[[], Node]:
    if partitions is not None and partitions < 1:
        raise TopologyError(
            f"{step} {name!r} at {author_line()}: partitions={partitions}: give 1 or more, or leave it out"
        )
    topic: Topic[Any, Any] = Topic(f"{checked(step, name)}-repartition", node.key, node.value)
    return partial(
        Repartition,
        parents=(node,),
        key=node.key,
        value=node.value,
        name=name,
        topic=topic,
        partitions=partitions,
        grouped=grouped,
    )


def join_of(node: Node, other: object, step: str, joiner: Callable[..., Any], value: Any, *, left: bool) -> Node:
    """Looks records up in a table."""
    if not isinstance(other, Table):
        raise TopologyError(
            f"{step} at {author_line()}: a {type(other).__name__} is not a table: "
            "give what table(TOPIC, name) or an aggregation returns"
        )
    table = other.node
    if node.key_changed:
        refuse_changed_key(node, step, "")
    if contradicts(node.key, table.key):
        raise TopologyError(
            f"{step} at {author_line()}: the stream's keys are {name_of(plain(node.key))}, "
            f"the table's are {name_of(plain(table.key))}: "
            'give the stream the table\'s keys with .select_key(function).repartition("name")'
        )
    function = adapt(step, joiner, node.key, {"the value": node.value, "the row": table.value})
    return StreamTableJoin(
        parents=(node, table),
        key=node.key,
        value=value or return_type(step, joiner),
        joiner=function,
        left=left,
    )


def refuse_changed_key(node: Node, step: str, remedy: str) -> NoReturn:
    """Raises `TopologyError`: records may not be on the partition of their key."""
    changed = node
    while not isinstance(changed, Map | SelectKey):
        changed = changed.parents[0]
    function = changed.mapper if isinstance(changed, Map) else changed.selector
    raise TopologyError(
        f"{step} at {author_line()}: {function.where} may have changed the key, so records may lie on "
        f'another partition than their key\'s: {remedy}add .repartition("name") before {step}'
    )


def sink_of(node: Node, topic: object) -> Sink:
    """Writes records to a topic."""
    topic = checked_topic("to", topic)
    for part, given, wanted in (("keys", node.key, topic.key), ("values", node.value, topic.value)):
        if contradicts(given, wanted):
            raise TopologyError(
                f"to {topic.name!r} at {author_line()}: the stream's {part} are {name_of(plain(given))}, "
                f"the topic's are {name_of(plain(wanted))}: map them, or write to a topic of that type"
            )
    return Sink(parents=(node,), key=node.key, value=node.value, key_changed=node.key_changed, topic=topic)
