"""The tables of a sub-topology as those see them who look at their rows: pages, commands, queries.

Knows nothing of what operators do with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.changes import Changes
from streamapp.dsl.kept import Kept, tables_kept
from streamapp.dsl.node import Aggregate, Node, StoreOptions, TableSource
from streamapp.dsl.nodes_table import GlobalTable
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.dsl.types import class_of, plain
from streamapp.dsl.windows import Session, TimeWindows, Windowed, Windows
from streamapp.engine.specs import CodecFor, StoreSpec, TableKind, TableSpec
from streamapp.engine.timed_rows import index_of
from streamapp.errors import NotFoundError


def tables_of(
    nodes: Iterable[Node], changes: Changes, stores: Mapping[str, StoreSpec], codec_for: CodecFor
) -> Iterator[TableSpec]:
    """The tables that `nodes` keep in `stores`, in the order the author made them; the other stores are hidden."""
    seen: set[str] = set()
    for node in nodes:
        for kept in tables_kept(node, changes):
            if kept.name not in seen:  # processors may share one
                seen.add(kept.name)
                yield table_of(node, kept, stores[kept.name], codec_for)


def table_of(node: Node, kept: Kept, store: StoreSpec, codec_for: CodecFor) -> TableSpec:
    """The table that a step keeps in a store."""
    windows = node.windows if isinstance(node, Aggregate | Cogroup) else None
    key_type = kept.key if isinstance(kept, AttachedStore) else node.key
    windowed_keys = store.kind != "window" and class_of(key_type) in (Windowed, Session)
    indexed = windows is not None and not isinstance(windows, TimeWindows)
    return TableSpec(
        name=kept.name,
        kind=_kind(store, key_type),
        store=store,
        node=node,
        attached=kept if isinstance(kept, AttachedStore) else None,
        key=_inner(node, key_type, codec_for) if windowed_keys else store.key,
        windows=windows,
        windowed_keys=windowed_keys,
        sessions=class_of(key_type) is Session,
        index=index_of(kept.name) if indexed else None,
        retention=_retention(kept, windows),
    )


def find_table(topology: str, tables: Sequence[TableSpec], wanted: object) -> TableSpec:
    """The table of that name, or that an author's `Table`, `GlobalTable` or attached store stands for.

    Raises `NotFoundError` when `topology` keeps no such rows.
    """
    node = None if isinstance(wanted, str | AttachedStore) else getattr(wanted, "node", None)
    for table in tables:
        if isinstance(wanted, str):
            found = table.name == wanted
        elif table.attached is not None:
            found = table.attached == wanted
        else:
            found = table.node is node
        if found:
            return table
    known = ", ".join(table.name for table in tables) or "none"
    if node is None:
        name = wanted.name if isinstance(wanted, AttachedStore) else wanted
        raise NotFoundError(f"topology {topology!r} has no table {name!r}; it has {known}")
    raise NotFoundError(
        f"topology {topology!r} keeps no rows for the table made at {node.place}: give that step a name, or ask a "
        f"table it is made of; it has {known}"
    )


def _kind(store: StoreSpec, key_type: Any) -> TableKind:
    if store.log == "global":
        return "global"
    if class_of(key_type) is Session:
        return "session"
    return "window" if store.kind == "window" or class_of(key_type) is Windowed else store.kind


def _inner(node: Node, key_type: Any, codec_for: CodecFor) -> Any:
    """The codec of the key inside a windowed one."""
    (inner,) = get_args(plain(key_type)) or (None,)
    return codec_for(inner, node.topic.key_format if isinstance(node, TableSource | GlobalTable) else None)


def _retention(kept: Kept, windows: Windows | None) -> int | None:
    """How long (ms) rows are kept as the author sees it: what was asked for, or what the windows need."""
    if isinstance(kept, StoreOptions) and kept.ttl is not None:
        return kept.ttl
    return kept.retention if windows is None else max(kept.retention or 0, windows.retention)
