"""How the keys of topics are shown: those with a window, or another time, in them as what they mean.

`{"key", "start", "end"}` of a window or session, `{"key", "time"}` of a version. Read from the graph of steps. Knows
nothing of a cluster; a pattern's topics are shown as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.changes import changes_of
from streamapp.dsl.format import Codec
from streamapp.dsl.kept import Kept, tables_kept
from streamapp.dsl.node import Aggregate, Node, Repartition, Sink, Source, TableSource, ancestors
from streamapp.dsl.nodes_stream import ChosenSink
from streamapp.dsl.nodes_table import GlobalTable
from streamapp.dsl.nodes_windowed import Cogroup
from streamapp.dsl.topic import Topic
from streamapp.dsl.topology import Topology
from streamapp.dsl.types import class_of
from streamapp.dsl.windows import Session, SessionWindows, SlidingWindows, TimeWindows, Windowed, size_of
from streamapp.engine.ordered import TIME, key_part, ordered
from streamapp.engine.windowed_keys import with_size
from streamapp.formats import session, windowed
from streamapp.worker.names import Names
from streamapp.worker.shown import plain

ShowKey: TypeAlias = Callable[[bytes | None], Any]

_RAW: Codec[bytes] = Codec(encode=bytes, decode=bytes, immutable=True)
_SESSION = session(_RAW)
_ROW_OF_START, _ROW_OF_SESSION = ordered(key_part(_RAW), TIME), ordered(key_part(_RAW), TIME, TIME)


def topic_keys(topologies: Iterable[Topology], application: str) -> dict[str, ShowKey]:
    """By topic: outputs, inputs, repartition topics and the changelogs of tables; others have keys without times."""
    found: dict[str, ShowKey] = {}
    for topology in topologies:
        names = Names.of(application, topology.name)
        nodes = list(ancestors(tuple(end.node for end in topology.ends)))
        changes = changes_of(nodes)
        for node in nodes:
            for kept in tables_kept(node, changes):
                show = _row_key(node, kept)
                if show is not None:
                    found[names.changelog(kept.name)] = show
        for name, topic, node in _topics(nodes, names):
            show = _by_type(with_size(topic.key, node.key))
            if show is not None and (name not in found or _is_written(node)):  # who writes it knows the size
                found[name] = show
    return found


def _topics(nodes: Iterable[Node], names: Names) -> Iterator[tuple[str, Topic[Any, Any], Node]]:
    """Kafka's name of each topic, what the author says of it, and the step that reads or writes it."""
    for node in nodes:
        if isinstance(node, Source | ChosenSink):
            yield from ((topic.name, topic, node) for topic in node.topics)
        elif isinstance(node, TableSource | GlobalTable | Sink):
            yield node.topic.name, node.topic, node
        elif isinstance(node, Repartition):
            yield names.internal(node.topic.name), node.topic, node


def _is_written(node: Node) -> bool:
    return isinstance(node, Sink | ChosenSink | Repartition)


def _by_type(key: Any) -> ShowKey | None:
    """How keys of a type are shown that Kafka's serialisers write; None for those without a window."""
    if class_of(key) is Session:
        return shown_session
    return shown_window(size_of(key)) if class_of(key) is Windowed else None


def _row_key(node: Node, kept: Kept) -> ShowKey | None:
    """How the keys of a table's changelog are shown."""
    if isinstance(kept, AttachedStore):
        return shown_window(kept.window_size) if kept.kind == "window" else _by_type(kept.key)
    windows = node.windows if isinstance(node, Aggregate | Cogroup) else None
    if isinstance(windows, TimeWindows):
        return shown_window(windows.size)
    if isinstance(windows, SlidingWindows):
        return _shown_sliding(windows.size)
    if isinstance(windows, SessionWindows):
        return _showing(lambda data: _session(*_ROW_OF_SESSION.decode(data)))
    if isinstance(node, TableSource) and node.history is not None:
        return _showing(lambda data: dict(zip(("key", "time"), _texts(_ROW_OF_START.decode(data)), strict=True)))
    return _by_type(node.key)


def shown_window(size: int | None) -> ShowKey:
    """Shows a windowed key (key bytes, 8-byte start); `end` is null where the size (ms) is not known."""
    codec = windowed(_RAW, size)

    def show(data: bytes) -> Any:
        key, start, end = codec.decode(data)
        return {"key": plain(key), "start": start, "end": None if size is None else end}

    return _showing(show)


def shown_session(data: bytes | None) -> Any:
    """Shows the key of a session (key bytes, 8-byte end, 8-byte start)."""
    return _showing(_decoded_session)(data)


def _decoded_session(data: bytes) -> Any:
    key, start, end = _SESSION.decode(data)
    return _session(key, end, start)


def _session(key: bytes, end: int, start: int) -> Any:
    return {"key": plain(key), "start": start, "end": end}


def _shown_sliding(size: int) -> ShowKey:
    def show(data: bytes) -> Any:
        key, start = _ROW_OF_START.decode(data)
        return {"key": plain(key), "start": start, "end": start + size}

    return _showing(show)


def _texts(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(plain(part) for part in parts)


def _showing(show: Callable[[bytes], Any]) -> ShowKey:
    """Shows a key as it is where it is not of that kind: any bytes may stand on a topic."""

    def shown(data: bytes | None) -> Any:
        if data is None:
            return None
        try:
            return show(data)
        except (ValueError, IndexError, struct.error):
            return plain(data)

    return shown
