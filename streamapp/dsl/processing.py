"""Makes the nodes of steps that run an author's own processors.

Knows nothing of how processors run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args, get_origin

from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.function import adapt, return_type
from streamapp.dsl.global_table import GlobalTable
from streamapp.dsl.naming import checked
from streamapp.dsl.node import Function, Node, Repartition, Source
from streamapp.dsl.nodes_stream import Process, ProcessAsync
from streamapp.dsl.place import author_line, where
from streamapp.dsl.processor import Processor, ValueProcessor
from streamapp.dsl.table import Table
from streamapp.dsl.types import contradicts, name_of, plain
from streamapp.errors import TopologyError


def process_async_of(node: Node, call: Callable[..., Any], concurrency: int, timeout_ms: int, value: Any) -> Node:
    """Asks an asynchronous function for each record of a topic."""
    place = author_line()
    if not isinstance(node, Source | Repartition):
        raise TopologyError(
            f"process_async at {place}: records must be asked for before any other step sees them: put it right behind "
            "stream(TOPIC), or add .repartition(name) before it"
        )
    for name, number in (("concurrency", concurrency), ("timeout_ms", timeout_ms)):
        if number <= 0:
            raise TopologyError(f"process_async at {place}: {name}={number}: give 1 or more")
    function = adapt("process_async", call, node.key, {"the value": node.value}, awaited=True)
    return ProcessAsync(
        parents=(node,),
        key=node.key,
        value=plain(value) or return_type("process_async", call),
        key_changed=node.key_changed,
        call=function,
        concurrency=concurrency,
        timeout_ms=timeout_ms,
    )


def process_of(
    node: Node, supplier: Callable[[], Any], name: str, stores: Sequence[object], key: Any, value: Any
) -> Process:
    """Runs a `Processor`, which may give other keys."""
    step = f"process {checked('process', name)!r}"
    given = _types(step, node, supplier, Processor)
    return _node(step, node, supplier, name, stores, key or given[2], value or given[3], values_only=False)


def process_values_of(node: Node, supplier: Callable[[], Any], name: str, stores: Sequence[object], value: Any) -> Node:
    """Runs a `ValueProcessor`, which keeps the key."""
    step = f"process_values {checked('process_values', name)!r}"
    given = _types(step, node, supplier, ValueProcessor)
    return _node(step, node, supplier, name, stores, node.key, value or given[2], values_only=True)


def _node(
    step: str,
    node: Node,
    supplier: Callable[[], Any],
    name: str,
    stores: Sequence[object],
    key: Any,
    value: Any,
    *,
    values_only: bool,
) -> Process:
    for store in stores:
        if not isinstance(store, AttachedStore | Table | GlobalTable):
            raise TopologyError(
                f"{step} at {author_line()}: {store!r} is not a store: give what key_value_store(name, …), "
                "window_store(name, …) or a table's making returns"
            )
    tables = tuple(store.node for store in stores if isinstance(store, Table | GlobalTable))
    return Process(
        parents=(node, *tables),
        name=name,
        key=key,
        value=value,
        key_changed=node.key_changed or not values_only,
        supplier=Function(supplier, with_key=False, where=where(supplier)),
        stores=tuple(store for store in stores if isinstance(store, AttachedStore)),
        values_only=values_only,
    )


def _types(step: str, node: Node, supplier: Callable[[], Any], kind: type) -> tuple[Any, ...]:
    """The type arguments of the processor that `supplier` makes; None for each that is not known.

    Raises `TopologyError` when it makes something else, or a processor of other keys or values.
    """
    if not callable(supplier):
        raise TopologyError(
            f"{step} at {author_line()}: {supplier!r} is not a class or function that makes a {kind.__name__}"
        )
    made = return_type(step, supplier)
    unknown = (None,) * len(getattr(kind, "__parameters__", ()))
    if made is None:
        return unknown
    origin = get_origin(made) or made
    if not isinstance(origin, type) or not issubclass(origin, kind):
        raise TopologyError(
            f"{step} at {author_line()}: {where(supplier)} makes {name_of(made)}: give a subclass of {kind.__name__}"
        )
    found = tuple(plain(argument) for argument in _arguments(made, kind)) or unknown
    for part, given, wanted in (("keys", node.key, found[0]), ("values", node.value, found[1])):
        if contradicts(given, wanted):
            raise TopologyError(
                f"{step} at {author_line()}: {where(supplier)} takes {part} of {name_of(wanted)}, but here they are "
                f"{name_of(plain(given))}: give a processor of that type, or map to the other in a step before"
            )
    return found


def _arguments(made: Any, kind: type) -> tuple[Any, ...]:
    """What a class gives for the type parameters of `kind`, as far as it says so itself."""
    if get_origin(made) is kind:
        return get_args(made)
    origin = get_origin(made) or made
    for base in getattr(origin, "__orig_bases__", ()):
        found = _arguments(base, kind)
        if found:
            return found
    return ()
