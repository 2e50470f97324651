"""Makes the nodes of joins of two tables and checks what can be checked of them.

Knows nothing of tables as authors see them, and nothing of how joins run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.format import Format
from streamapp.dsl.function import adapt, return_type
from streamapp.dsl.naming import checked
from streamapp.dsl.node import Function, Node, Repartition, Source, StoreOptions, TableSource
from streamapp.dsl.nodes_table import ForeignKeyJoin, Kind, Subscribe, Subscriptions, TableFilter, TableJoin
from streamapp.dsl.place import author_line
from streamapp.dsl.table_steps import named_store
from streamapp.dsl.topic import Topic
from streamapp.dsl.types import contradicts, name_of, plain
from streamapp.errors import TopologyError

_STEPS = {"inner": "join", "left": "left_join", "outer": "outer_join"}


def join_of(
    node: Node,
    other: object,
    joiner: Callable[..., Any],
    how: Kind,
    name: str | None,
    foreign_key: Callable[..., Any] | None,
    value: Any,
    materialized: bool,
    alone: Callable[..., Any] | None = None,
) -> Node:
    """Joins two tables by key, or by a foreign key."""
    step = _STEPS[how]
    right = _table(step, other)
    function = adapt(step, joiner, node.key, {"the value": node.value, "the other value": right.value})
    type_ = value or return_type(step, joiner)
    if foreign_key is not None:
        return _foreign(node, right, step, function, how, name, foreign_key, type_, materialized, alone)
    if contradicts(node.key, right.key):
        raise TopologyError(
            f"{step} at {author_line()}: this table's keys are {name_of(plain(node.key))}, the other's are "
            f"{name_of(plain(right.key))}: name the part of this table's rows that is the other's key with "
            "foreign_key=, or group one of them by the other's keys"
        )
    return TableJoin(
        parents=(node, right),
        key=node.key,
        value=type_,
        name=name,
        joiner=function,
        how=how,
        store=named_store(step, name, node.key, type_),
    )


def _table(step: str, other: object) -> Node:
    from streamapp.dsl.table import Table  # late: tables are made of such joins

    if not isinstance(other, Table):
        raise TopologyError(
            f"{step} at {author_line()}: a {type(other).__name__} is not a table: "
            "give what table(TOPIC, name) or an aggregation returns"
        )
    return other.node


def _foreign(
    left: Node,
    right: Node,
    step: str,
    joiner: Any,
    how: Kind,
    name: str | None,
    foreign_key: Callable[..., Any],
    type_: Any,
    materialized: bool,
    alone: Callable[..., Any] | None,
) -> Node:
    """Sends the keys of left rows to the right table's partitions, and its rows back."""
    if name is None:
        raise TopologyError(
            f"{step} at {author_line()} has foreign_key= and no name: give one, as it names topics and state"
        )
    checked(step, name)
    found = return_type(step, foreign_key)
    if contradicts(found, right.key):
        raise TopologyError(
            f"{step} {name!r} at {author_line()}: foreign_key gives {name_of(plain(found))}, the other table's keys "
            f"are {name_of(plain(right.key))}: give a function that returns one of those"
        )
    registration = f"{name}-subscription-registration"
    subscribe = Subscribe(
        parents=(left,),
        key=right.key,
        value=left.key,
        key_changed=True,
        foreign_key=adapt(step, foreign_key, left.key, {"the value": left.value}),
        how=how,
        key_format=key_format_of(right),
        value_format=_value_format_of(left),
        registration=registration,
    )
    asked = _topic(subscribe, registration, right, left.key, key_format_of(left), "subscription")
    answers = Subscriptions(
        parents=(asked, right),
        key=left.key,
        value=right.value,
        key_changed=True,
        store=StoreOptions(f"{name}-subscription-store", right.key, left.key),
        how=how,
        alone=_alone(step, left, right, alone) if how == "outer" else None,
    )
    answered = _topic(answers, f"{name}-subscription-response", left, right.value, _value_format_of(right), "response")
    return ForeignKeyJoin(
        parents=(answered, left),
        key=left.key,
        value=type_,
        name=name,
        joiner=joiner,
        how=how,
        value_format=_value_format_of(left),
        store=StoreOptions(name, left.key, type_),
        materialized=materialized,
    )


def _alone(step: str, left: Node, right: Node, alone: Callable[..., Any] | None) -> Function:
    """The key of a right row that no left row wants, made of the right key."""
    if alone is None:
        raise TopologyError(
            f"{step} at {author_line()} has foreign_key= and no alone=: the result has this table's keys, so give a "
            "function that makes one of the other's, for its rows that no row of this table refers to"
        )
    found = return_type(step, alone)
    if contradicts(found, left.key):
        raise TopologyError(
            f"{step} at {author_line()}: alone= gives {name_of(plain(found))}, this table's keys are "
            f"{name_of(plain(left.key))}: give a function that returns one of those"
        )
    return adapt(step, alone, None, {"the other key": right.key})


def key_format_of(node: Node) -> Format | None:
    """The format of the keys in the topics a table or stream comes from; it decides their partitions."""
    while not isinstance(node, TableSource | Repartition | Source):
        node = node.parents[0]
    topics = node.topics if isinstance(node, Source) else (node.topic,)
    return topics[0].key_format if topics else None


def _value_format_of(node: Node) -> Format | None:
    """The format of a table's values, where they are those of a topic."""
    while isinstance(node, TableFilter):
        node = node.parents[0]
    return node.topic.format if isinstance(node, TableSource) else None


def _topic(node: Node, name: str, keyed: Node, value: Any, format_: Format | None, carries: Any) -> Repartition:
    """A topic with the keys of the table `keyed`."""
    topic: Topic[Any, Any] = Topic(f"{name}-repartition", keyed.key, value, format_, key_format_of(keyed))
    partitioner = _BACK if carries == "response" else None
    return Repartition(
        parents=(node,), key=keyed.key, value=value, name=name, topic=topic, carries=carries, partitioner=partitioner
    )


_BACK = Function(lambda answer, partitions: answer[2], with_key=False, where="foreign-key join")
"""An answer goes to the partition that has asked, wherever the left table's producer has put the row; one to nobody
goes to that of its key."""
