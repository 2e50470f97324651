"""Makes the nodes of steps that are there for what they do: peek, for_each, print.

Knows nothing of how steps run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.function import adapt
from streamapp.dsl.node import Function, Node
from streamapp.dsl.nodes_stream import ForEach, Peek, Print


def peek_of(node: Node, action: Callable[..., Any]) -> Peek:
    """Looks at records as they pass."""
    return Peek(
        parents=(node,),
        key=node.key,
        value=node.value,
        key_changed=node.key_changed,
        action=adapt("peek", action, node.key, {"the value": node.value}),
    )


def for_each_of(node: Node, action: Callable[..., Any]) -> ForEach:
    """Hands records over."""
    function = adapt("for_each", action, node.key, {"the value": node.value})
    return ForEach(parents=(node,), key=node.key, value=node.value, action=function)


def print_of(node: Node, label: str, format_: Callable[..., Any] | None) -> Print:
    """Prints records."""
    if format_ is None:
        function = Function(_key_and_value, with_key=True, where="print")
    else:
        function = adapt("print", format_, node.key, {"the value": node.value})
    return Print(parents=(node,), key=node.key, value=node.value, label=label, format=function)


def _key_and_value(key: object, value: object) -> str:
    return f"{key}, {value}"
