"""Makes the nodes of joins of streams and checks what can be checked of them.

Knows nothing of streams as authors see them, and nothing of how joins run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.changes import changes_of
from streamapp.dsl.function import adapt, return_type
from streamapp.dsl.global_table import GlobalTable
from streamapp.dsl.join_windows import JoinWindows
from streamapp.dsl.naming import checked
from streamapp.dsl.node import Node, StoreOptions, StreamTableJoin, TableSource, ancestors
from streamapp.dsl.nodes_join import StreamGlobalJoin, StreamJoin
from streamapp.dsl.nodes_table import Kind
from streamapp.dsl.place import author_line
from streamapp.dsl.steps import refuse_changed_key
from streamapp.dsl.table import Table
from streamapp.dsl.types import contradicts, name_of, plain
from streamapp.errors import TopologyError

_SIDES = {"inner": ("this", "other"), "left": ("this", "outer-other"), "outer": ("outer-this", "outer-other")}
"""What Kafka Streams calls the two sides in the names of stores."""

STEPS = {"inner": "join", "left": "left_join", "outer": "outer_join"}


def join_of(
    node: Node,
    other: object,
    joiner: Callable[..., Any],
    how: Kind,
    *,
    name: str | None = None,
    within: object = None,
    grace: int | None = None,
    key: Callable[..., Any] | None = None,
    value: Any = None,
    single_store: bool = False,
) -> Node:
    """Joins records of a stream with a table, a global table or another stream."""
    step = STEPS[how]
    if isinstance(other, GlobalTable) and how != "outer":
        _refuse(step, "a global table", name=name, within=within, grace=grace, single_store=single_store or None)
        return _with_global(node, other.node, step, joiner, key, value, left=how == "left")
    if isinstance(other, Table) and how != "outer":
        _refuse(step, "a table", within=within, key=key, single_store=single_store or None)
        return _with_table(node, other.node, step, joiner, name, grace, value, left=how == "left")
    stream = _stream(step, other)
    _refuse(step, "a stream", grace=grace, key=key)
    if single_store and (stream is not node or how != "inner"):
        raise TopologyError(
            f"{step} at {author_line()}: single_store=True is for the inner join of a stream with itself: leave it out"
        )
    return _with_stream(node, stream, step, joiner, name, within, value, how, single_store)


def _stream(step: str, other: object) -> Node:
    from streamapp.dsl.stream import Stream  # late: a stream has these joins

    if not isinstance(other, Stream):
        remedy = (
            "give what stream(TOPIC) or a step after it returns"
            if step == "outer_join"
            else "give what table(TOPIC, name), an aggregation, global_table(TOPIC, name) or stream(TOPIC) returns"
        )
        raise TopologyError(
            f"{step} at {author_line()}: a {type(other).__name__} is not a "
            f"{'stream' if step == 'outer_join' else 'table'}: {remedy}"
        )
    return other.node


def _refuse(step: str, what: str, **given: object) -> None:
    """Raises `TopologyError` for arguments that make no sense with such a partner."""
    for name, argument in given.items():
        if argument is not None:
            raise TopologyError(f"{step} at {author_line()}: {name}={argument!r} is not for {what}: leave it out")


def _check_keys(node: Node, other: Node, step: str, what: str) -> None:
    if node.key_changed:
        refuse_changed_key(node, step, "")
    if other.key_changed:
        refuse_changed_key(other, step, "")
    if contradicts(node.key, other.key):
        raise TopologyError(
            f"{step} at {author_line()}: the stream's keys are {name_of(plain(node.key))}, "
            f"the {what}'s are {name_of(plain(other.key))}: "
            f'give the stream the {what}\'s keys with .select_key(function).repartition("name")'
        )


def _with_table(
    node: Node,
    table: Node,
    step: str,
    joiner: Callable[..., Any],
    name: str | None,
    grace: int | None,
    value: Any,
    *,
    left: bool,
) -> Node:
    _check_keys(node, table, step, "table")
    _check_grace(table, step, name, grace)
    function = adapt(step, joiner, node.key, {"the value": node.value, "the row": table.value})
    return StreamTableJoin(
        parents=(node, table),
        key=node.key,
        value=value or return_type(step, joiner),
        name=name,
        joiner=function,
        left=left,
        grace=grace,
        store=None if grace is None else StoreOptions(f"{name}-buffer", node.key, node.value),
    )


def _check_grace(table: Node, step: str, name: str | None, grace: int | None) -> None:
    """A buffer needs a name, and a table that knows what it was when a buffered record happened."""
    if grace is None:
        if name is not None:
            raise TopologyError(f"{step} {name!r} at {author_line()} keeps nothing without grace=: leave the name out")
        return
    if name is None:
        raise TopologyError(f"{step} at {author_line()} has grace= and no name: give one, as it names the buffer")
    checked(step, name)
    history = _history(table)
    if history is None:
        raise TopologyError(
            f"{step} {name!r} at {author_line()}: grace={grace} needs a table that knows its past: "
            "give the table a history, table(TOPIC, name, history=ms)"
        )
    if not 0 <= grace <= history:
        raise TopologyError(
            f"{step} {name!r} at {author_line()}: grace={grace} ms must be from 0 to the table's history, {history} ms"
        )


def _history(table: Node) -> int | None:
    """How long the values of a table are known, in ms; None when only the last is."""
    found = changes_of(tuple(ancestors((table,)))).versions.get(table)
    return found.history if isinstance(found, TableSource) else None


def _with_global(
    node: Node,
    table: Node,
    step: str,
    joiner: Callable[..., Any],
    key: Callable[..., Any] | None,
    value: Any,
    *,
    left: bool,
) -> Node:
    if key is None:
        raise TopologyError(
            f"{step} at {author_line()}: a global table is looked up by what a function makes of each record: "
            "give it as key=, such as key=lambda order: order.product"
        )
    found = return_type(step, key)
    if contradicts(found, table.key):
        raise TopologyError(
            f"{step} at {author_line()}: key= gives {name_of(plain(found))}, the table's keys are "
            f"{name_of(plain(table.key))}: give a function that returns one of those"
        )
    return StreamGlobalJoin(
        parents=(node, table),
        key=node.key,
        value=value or return_type(step, joiner),
        key_changed=node.key_changed,
        selector=adapt(step, key, node.key, {"the value": node.value}),
        joiner=adapt(step, joiner, node.key, {"the value": node.value, "the row": table.value}),
        left=left,
    )


def _with_stream(
    node: Node,
    other: Node,
    step: str,
    joiner: Callable[..., Any],
    name: str | None,
    within: object,
    value: Any,
    how: Kind,
    single_store: bool,
) -> Node:
    if not isinstance(within, JoinWindows):
        raise TopologyError(
            f"{step} at {author_line()}: within={within!r}: two streams are joined in a window of time: "
            "give within=join_windows(before=ms, after=ms)"
        )
    if name is None:
        raise TopologyError(f"{step} at {author_line()} of two streams needs a name: give one, as it names the state")
    checked(step, name)
    _check_keys(node, other, step, "other stream")
    function = adapt(step, joiner, node.key, {"the value": node.value, "the other value": other.value})
    this, that = _SIDES[how]
    return StreamJoin(
        parents=(node, other),
        key=node.key,
        value=value or return_type(step, joiner),
        name=name,
        joiner=function,
        how=how,
        windows=within,
        left=StoreOptions(f"{name}-{this}-join-store", node.key, node.value),
        right=StoreOptions(f"{name}-{that}-join-store", node.key, other.value),
        unmatched=None if how == "inner" else f"{name}-{how}-shared-join-store",
        single_store=single_store,
    )
