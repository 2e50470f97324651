"""Runs an author's own processors (KStream#process and #processValues, KIP-820).

A processor is made when its task is built and initialised with the first record or punctuation, when the stores
have been restored. What it forwards goes on at once, depth first. Records with null keys and values are processed
like others. Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamapp.dsl.attached import AttachedStore
from streamapp.dsl.global_table import GlobalTable
from streamapp.dsl.node import Function
from streamapp.dsl.nodes_stream import Process
from streamapp.dsl.nodes_table import GlobalTable as GlobalTableNode
from streamapp.dsl.place import where
from streamapp.dsl.processor import Metadata, Record, TimeKind
from streamapp.dsl.table import Table
from streamapp.engine.attached import AttachedRows, AttachedWindows, spec_of
from streamapp.engine.operator import Context, Forward
from streamapp.engine.punctuation import Schedule
from streamapp.engine.records import Headers
from streamapp.engine.specs import CodecFor, StoreSpec
from streamapp.errors import TopologyError


def process_stores(node: Process, codec_for: CodecFor) -> tuple[StoreSpec, ...]:
    """The stores attached to it, which others may share."""
    return tuple(spec_of(store, codec_for) for store in node.stores)


def build_process(node: Process, context: Context, forward: Forward) -> tuple[Forward, ...]:
    """Hands each record to the processor; the edges of attached tables end here."""
    processor: Any = node.supplier.call()
    given = (ValueContext if node.values_only else ProcessorContext)(node, context, forward)
    context.starters.append((str(node.name), lambda: processor.init(given)))
    context.closers.append(processor.close)
    process, enter, leave = processor.process, given.enter, given.leave
    context.functions.append(Function(process, with_key=False, where=where(process)))

    def run(key: Any, value: Any, timestamp: int, headers: Headers) -> None:
        before = enter(record := Record(key, value, timestamp, headers))
        try:
            process(record)
        finally:
            leave(before)

    return (run, *(_table_changed for _ in node.parents[1:]))


def _table_changed(key: Any, new: Any, old: Any, timestamp: int, headers: Headers) -> None:
    """Nothing: the table's own store has the change."""


class _TaskContext:
    """What every processor may ask of its task (`streamapp.dsl.processor.TaskContext`)."""

    def __init__(self, node: Process, context: Context, forward: Forward) -> None:
        self._node, self._context, self._forward = node, context, forward
        self._record: Record[Any, Any] | None = None
        self._stores = {store.name: self._opened(store) for store in node.stores}
        self._views = {
            table: context.global_view(table) if isinstance(table, GlobalTableNode) else context.view(table)
            for table in node.parents[1:]
        }

    def _opened(self, store: AttachedStore[Any]) -> Any:
        if store.kind == "window":
            return AttachedWindows(store, self._context, self._now)
        return AttachedRows(store.name, self._context, self._now)

    def enter(self, record: Record[Any, Any]) -> Record[Any, Any] | None:
        """A record is in process now; gives the one before."""
        before, self._record = self._record, record
        return before

    def leave(self, before: Record[Any, Any] | None) -> None:
        """The record before is in process again."""
        self._record = before

    def _now(self) -> int:
        return self._record.timestamp if self._record is not None else max(self.stream_time, 0)

    @property
    def application(self) -> str:
        """The name of the application."""
        return self._context.application

    @property
    def stream_time(self) -> int:
        """The highest timestamp (ms) the task has processed."""
        return max((time for name, time in self._context.times.items() if name.startswith("topic:")), default=-1)

    @property
    def wall_clock(self) -> int:
        """The time of the machine (ms) when this work began."""
        return self._context.here.wall_clock

    @property
    def metadata(self) -> Metadata | None:
        """Where the record in process came from."""
        here = self._context.here
        return None if self._record is None else Metadata(here.topic, here.partition, here.row[0])

    def store(self, store: AttachedStore[Any]) -> Any:
        """A store that was attached."""
        if store not in self._node.stores:
            raise TopologyError(
                f"processor {self._node.name!r} asks for store {store.name!r}, which is not attached: "
                "add it to stores= of the step"
            )
        return self._stores[store.name]

    def row(self, table: Table[Any, Any] | GlobalTable[Any, Any], key: Any) -> Any:
        """The value an attached table has for a key."""
        if table.node not in self._views:
            raise TopologyError(
                f"processor {self._node.name!r} asks for a table that is not attached: add it to stores= of the step"
            )
        row = None if key is None else self._views[table.node](key)
        return None if row is None else row[0]

    def schedule(
        self, interval: int, kind: TimeKind, call: Callable[[int], object], *, start: int | None = None
    ) -> Schedule:
        """Has `call` called whenever `interval` ms have passed."""
        if interval <= 0:
            raise TopologyError(f"processor {self._node.name!r} schedules every {interval} ms: give 1 or more")
        if kind not in ("stream_time", "wall_clock"):
            raise TopologyError(
                f"processor {self._node.name!r} schedules by {kind!r}: give 'stream_time' or 'wall_clock'"
            )
        usual = 0 if kind == "stream_time" else self.wall_clock + interval
        first = usual if start is None else start
        return self._context.punctuations.add(
            kind, str(self._node.name), interval, first, self._outside(call), where(call)
        )

    def _outside(self, call: Callable[[int], object]) -> Callable[[int], object]:
        """`call`, made while no record is in process."""

        def punctuate(now: int) -> None:
            before, self._record = self._record, None
            try:
                call(now)
            finally:
                self._record = before

        return punctuate


class ProcessorContext(_TaskContext):
    """What a `Processor` may ask of its task."""

    def forward(self, record: Record[Any, Any]) -> None:
        """Hands a record to the steps behind."""
        key, value, timestamp, headers = record
        if timestamp < 0:
            raise ValueError(
                f"processor {self._node.name!r} forwards a record with timestamp {timestamp}: give 0 or more"
            )
        self._forward(key, value, timestamp, headers)


class ValueContext(_TaskContext):
    """What a `ValueProcessor` may ask of its task."""

    def forward(self, value: Any, *, timestamp: int | None = None, headers: Headers | None = None) -> None:
        """Hands a value to the steps behind, under the key of the record in process."""
        record = self._record
        if record is None:
            raise RuntimeError(
                f"processor {self._node.name!r} forwards in a punctuation, where there is no key: "
                "use process with a Processor"
            )
        stamp = record.timestamp if timestamp is None else timestamp
        self._forward(record.key, value, stamp, record.headers if headers is None else headers)
