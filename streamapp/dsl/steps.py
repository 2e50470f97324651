"""Makes the node of each step of a stream and checks what can be checked of it.

Knows nothing of streams as authors see them, and nothing of how steps run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NoReturn

from streamapp.dsl.function import adapt, item_pair_type, item_type, pair_type, return_type
from streamapp.dsl.naming import checked
from streamapp.dsl.node import (
    Filter,
    Function,
    Map,
    MapValues,
    Node,
    Repartition,
    SelectKey,
    Sink,
)
from streamapp.dsl.nodes_stream import ChosenSink, FlatMap, FlatMapValues, Process
from streamapp.dsl.place import author_line
from streamapp.dsl.topic import Topic, checked_topic
from streamapp.dsl.types import class_of, contradicts, name_of, plain
from streamapp.dsl.windows import Session, Windowed
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


def flat_map_of(node: Node, mapper: Callable[..., Any], key: Any, value: Any) -> Node:
    """Replaces each record by many."""
    function = adapt("flat_map", mapper, node.key, {"the value": node.value}, many=True)
    found = (None, None) if key and value else item_pair_type("flat_map", mapper)
    return FlatMap(
        parents=(node,),
        key=key or found[0],
        value=value or found[1],
        key_changed=True,
        mapper=function,
    )


def flat_map_values_of(node: Node, mapper: Callable[..., Any], value: Any) -> Node:
    """Replaces each value by many."""
    return FlatMapValues(
        parents=(node,),
        key=node.key,
        value=value or item_type("flat_map_values", mapper),
        key_changed=node.key_changed,
        mapper=adapt("flat_map_values", mapper, node.key, {"the value": node.value}, many=True),
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


def repartition_of(node: Node, name: str, partitions: int | None, partitioner: Callable[..., int] | None) -> Node:
    """Sends records to the partition of their key, or that the partitioner gives."""
    function = _partitioner(f"repartition {name!r}", node, partitioner)
    return _repartition("repartition", node, name, partitions, grouped=False)(partitioner=function)


def _partitioner(step: str, node: Node, partitioner: Callable[..., int] | None) -> Function | None:
    if partitioner is None:
        return None
    return adapt(step, partitioner, node.key, {"the value": node.value, "the number of partitions": int})


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


def _repartition(step: str, node: Node, name: str, partitions: int | None, *, grouped: bool) -> Callable[..., Node]:
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


def refuse_changed_key(node: Node, step: str, remedy: str) -> NoReturn:
    """Raises `TopologyError`: records may not be on the partition of their key."""
    changed = node
    while not isinstance(changed, Map | FlatMap | SelectKey | Process) or _keeps_key(changed):
        changed = next(parent for parent in changed.parents if parent.key_changed)
    function = _function_of(changed)
    raise TopologyError(
        f"{step} at {author_line()}: {function.where} may have changed the key, so records may lie on "
        f'another partition than their key\'s: {remedy}add .repartition("name") before {step}'
    )


def _keeps_key(node: Node) -> bool:
    return isinstance(node, Process) and node.values_only


def _function_of(node: Map | FlatMap | SelectKey | Process) -> Function:
    if isinstance(node, SelectKey):
        return node.selector
    return node.supplier if isinstance(node, Process) else node.mapper


def sink_of(node: Node, topic: object, partitioner: Callable[..., int] | None = None) -> Sink:
    """Writes records to a topic."""
    topic = _fitting(node, checked_topic("to", topic))
    return Sink(
        parents=(node,),
        key=node.key,
        value=node.value,
        key_changed=node.key_changed,
        topic=topic,
        partitioner=_partitioner(f"to {topic.name!r}", node, partitioner),
    )


def chosen_sink_of(
    node: Node, chooser: Callable[..., Any], topics: Sequence[object], partitioner: Callable[..., int] | None = None
) -> ChosenSink:
    """Writes each record to one of some topics."""
    function = adapt("to", chooser, node.key, {"the value": node.value})
    if not topics:
        raise TopologyError(
            f"to at {author_line()}: {function.where} chooses among no topics: name those it may return with topics="
        )
    return ChosenSink(
        parents=(node,),
        key=node.key,
        value=node.value,
        key_changed=node.key_changed,
        chooser=function,
        topics=tuple(_fitting(node, checked_topic("to", topic)) for topic in topics),
        partitioner=_partitioner("to", node, partitioner),
    )


def _fitting(node: Node, topic: Topic[Any, Any]) -> Topic[Any, Any]:
    """The topic, when it holds the types of the stream."""
    for part, given, wanted in (("keys", node.key, topic.key), ("values", node.value, topic.value)):
        if contradicts(given, wanted) or _loses_ends(given, wanted):
            raise TopologyError(
                f"to {topic.name!r} at {author_line()}: the stream's {part} are {name_of(plain(given))}, "
                f"the topic's are {name_of(plain(wanted))}: map them, or write to a topic of that type"
            )
    return topic


def _loses_ends(given: Any, wanted: Any) -> bool:
    """Whether sessions are written as windows of time, whose bytes do not hold an end."""
    return class_of(given) is Session and class_of(wanted) is Windowed
