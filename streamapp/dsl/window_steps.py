"""Makes the nodes of suppress, deduplicate and of what comes too late.

Knows nothing of streams and tables as authors see them, and nothing of how steps run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.function import adapt, return_type
from streamapp.dsl.naming import checked
from streamapp.dsl.node import Aggregate, Node, StoreOptions
from streamapp.dsl.nodes_windowed import Cogroup, Deduplicate, Late, Suppress
from streamapp.dsl.place import author_line
from streamapp.dsl.suppression import UntilTimeLimit, UntilWindowCloses
from streamapp.dsl.types import contradicts
from streamapp.dsl.windows import Windowed
from streamapp.errors import TopologyError


def suppress_of(node: Node, until: object, name: str) -> Node:
    """Holds changes back."""
    step = f"suppress {name!r}"
    checked("suppress", name)
    if isinstance(until, UntilWindowCloses):
        wait = _close_after(node, step)
    elif isinstance(until, UntilTimeLimit):
        wait = until.limit
    else:
        raise TopologyError(
            f"{step} at {author_line()}: {until!r} does not say until when: "
            "give until_window_closes() or until_time_limit(ms)"
        )
    return Suppress(
        parents=(node,),
        key=node.key,
        value=node.value,
        name=name,
        store=StoreOptions(f"{name}-store", node.key, node.value),
        until=until,
        wait=wait,
    )


def _close_after(node: Node, step: str) -> int:
    """How long (ms) after their ends the windows before a step have closed: all of them, if there are several."""
    found: list[int] = []
    todo = [node]
    while todo:
        before = todo.pop()
        if isinstance(before, Aggregate | Cogroup) and before.windows is not None:
            found.append(before.windows.close_after)
        else:
            todo.extend(before.parents)
            if not before.parents:
                found.clear()
                break
    if not found or contradicts(node.key, Windowed):
        raise TopologyError(
            f"{step} at {author_line()}: the table has no windows that could close: use until_time_limit(ms), "
            "or suppress the table of a windowed aggregation"
        )
    return max(found)


def late_of(node: Node) -> Node:
    """What comes too late for the windows of an aggregation."""
    if not isinstance(node, Aggregate | Cogroup) or node.windows is None:
        raise TopologyError(
            f"late at {author_line()}: only what a windowed aggregation returns has late records: "
            "ask the table of the count, reduce or aggregate itself"
        )
    first, *others = node.parents
    return Late(parents=(node,), key=first.key, value=None if others else first.value)


def deduplicate_of(node: Node, name: str, within: int, by: Callable[..., Any] | None) -> Node:
    """Drops records whose id has passed."""
    step = f"deduplicate {name!r}"
    if within < 0:
        raise TopologyError(f"{step} at {author_line()}: within={within} ms: give 0 or more")
    identity = node.key if by is None else return_type(step, by)
    return Deduplicate(
        parents=(node,),
        key=node.key,
        value=node.value,
        key_changed=node.key_changed,
        name=checked("deduplicate", name),
        store=StoreOptions(name, identity, bytes),
        within=within,
        selector=None if by is None else adapt(step, by, node.key, {"the value": node.value}),
    )
