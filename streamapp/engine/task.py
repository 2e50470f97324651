"""One sub-topology on one partition: records in; records to send, state changes and times out.

The worker, the test driver and every other way to run a topology drive this same class. Decodes, runs the
operators depth first per record, and treats each record as atomic. No I/O; knows nothing of offsets beyond
naming them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from streamapp.dsl.node import Function, Node, Repartition, Sink, Source
from streamapp.engine.operator import BEFORE_ALL, Context, Forward, Here, fan_out
from streamapp.engine.operators import OPERATORS, view_of
from streamapp.engine.records import Output, Row
from streamapp.engine.sink import build_repartition, build_sink
from streamapp.engine.specs import SubTopology
from streamapp.engine.store import Store, undo
from streamapp.engine.trace import author_function
from streamapp.errors import ProcessingError

OnError = Literal["dead_letter", "fail"]
Stage = Literal["decode", "process"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be decoded or processed, and left no trace but this."""

    topic: str
    partition: int
    row: Row
    exception: BaseException
    stage: Stage
    function: str | None = None
    """The author's function it failed in, `name (file:line)`, where that is known."""


class Task:
    """Runs `subtopology` for one partition on `stores`, which it binds to its journal.

    `application` names the topology in event ids and errors. Not thread-safe.
    """

    def __init__(
        self,
        subtopology: SubTopology,
        partition: int,
        stores: Mapping[str, Store],
        *,
        application: str,
        on_error: OnError = "dead_letter",
    ) -> None:
        self.subtopology = subtopology
        self.partition = partition
        self.dead_letters: list[DeadLetter] = []
        self._application = application
        self._on_error = on_error
        self._here = Here(partition)
        self._context = Context(application, self._here, stores, view_of)
        self._journal = self._context.journal
        self._functions = _functions(subtopology)
        for store in stores.values():
            store.bind(self._journal)
        entries = _build(subtopology, self._context)
        self._entries = {source.topic: (source, entries[source.topic]) for source in subtopology.sources}
        for source in subtopology.sources:
            self._context.clock(_partition_clock(source.topic))

    @property
    def outputs(self) -> list[Output]:
        """What there is to send, in order; drained by `take_outputs`."""
        return self._context.outputs

    @property
    def late(self) -> dict[str, int]:
        """Records dropped as late, by operator, ever: part of the operators' state."""
        return self._context.late

    @property
    def dropped(self) -> dict[str, int]:
        """Records dropped for a null key or value, by operator, since the task was opened."""
        return self._context.dropped

    def process(self, topic: str, rows: Sequence[Row]) -> None:
        """Runs consecutive records of one source topic; what they cause is in `outputs` and `dead_letters`.

        Raises `ProcessingError` for a record that fails when the policy is to fail; the records before it
        stay.
        """
        source, forward = self._entries[topic]
        decode_key, decode_value = source.key.decode, source.value.decode
        here, journal, outputs = self._here, self._journal, self._context.outputs
        here.topic = topic
        newest = BEFORE_ALL
        for row in rows:
            here.row = row
            here.mark = len(outputs)
            _, timestamp, key, value, headers = row
            if timestamp > newest:
                newest = timestamp
            decoded = False
            try:
                if key is not None:
                    key = decode_key(key)
                if value is not None:
                    value = decode_value(value)
                decoded = True
                forward(key, value, timestamp, headers)
            except Exception as error:  # noqa: BLE001 - the author's code and codecs may raise anything
                self._failed(error, "process" if decoded else "decode")
            if journal:
                journal.clear()
        self._observe(topic, newest)

    def take_outputs(self) -> list[Output]:
        """Hands over the outputs and forgets them."""
        taken = self.outputs.copy()
        self.outputs.clear()
        return taken

    def times(self) -> dict[str, int]:
        """The clocks (ms): the highest timestamp each operator has seen, and each topic (`topic:<name>`)."""
        return {name: time for name, time in self._context.times.items() if time != BEFORE_ALL}

    def restore_times(self, times: Mapping[str, int]) -> None:
        """Sets the clocks to what `times()` once gave; clocks it does not name have seen nothing."""
        clocks = self._context.times
        for name in clocks:
            clocks[name] = times.get(name, BEFORE_ALL)

    def expire(self) -> None:
        """Removes windows older than stream time less their store's retention; called before each commit."""
        for spec in self.subtopology.stores:
            observed = self._context.times.get(spec.name, BEFORE_ALL)
            if spec.retention is not None and observed != BEFORE_ALL:
                store: Any = self._context.stores[spec.name]
                store.expire(observed - spec.retention)

    def rollback(self, times: Mapping[str, int]) -> None:
        """Forgets everything since the last commit, when the clocks showed `times`; not the stores."""
        self.outputs.clear()
        self.dead_letters.clear()
        self._journal.clear()
        self.restore_times(times)

    def _observe(self, topic: str, timestamp: int) -> None:
        clock = _partition_clock(topic)
        if timestamp > self._context.times[clock]:
            self._context.times[clock] = timestamp

    def _failed(self, error: Exception, stage: Stage) -> None:
        """Undoes the record in process, then does what the policy says."""
        here = self._here
        undo(self._journal)
        del self.outputs[here.mark :]
        function = author_function(error, self._functions)
        if self._on_error == "dead_letter":
            self.dead_letters.append(DeadLetter(here.topic, self.partition, here.row, error, stage, function))
            return
        place = f"topic {here.topic!r}, partition {self.partition}, offset {here.row[0]}"
        what = "cannot be decoded" if stage == "decode" else f"failed in {function or 'an operator'}"
        raise ProcessingError(
            f"topology {self._application!r}: record of {place} {what}: {type(error).__name__}: {error}. "
            'Correct it, or let such records go to the dead letters with on_error="dead_letter"'
        ) from error


def _partition_clock(topic: str) -> str:
    return f"topic:{topic}"


def _functions(subtopology: SubTopology) -> list[Function]:
    """The functions the author gave to the sub-topology's nodes."""
    return [
        attribute
        for node in subtopology.nodes
        for name in node.__dataclass_fields__
        if isinstance(attribute := getattr(node, name), Function)
    ]


def _build(subtopology: SubTopology, context: Context) -> dict[str, Forward]:
    """Builds every operator, those behind first, and returns the entry of each source topic."""
    inputs: dict[Node, tuple[Forward, ...]] = {}
    for index, sink in enumerate(subtopology.sinks):
        build = build_repartition if sink.internal else build_sink
        inputs[sink.node] = (build(sink, index, context),)
    entries: dict[Node, Forward] = {}
    for node in reversed(subtopology.nodes):
        if isinstance(node, Sink):
            continue
        behind = fan_out(_edges(node, subtopology, inputs))
        if isinstance(node, Source | Repartition):
            entries[node] = behind
        else:
            inputs[node] = OPERATORS[type(node)].build(node, context, behind)
            entries[node] = inputs[node][0]
    return {source.topic: fan_out(entries[node] for node in source.nodes) for source in subtopology.sources}


def _edges(node: Node, subtopology: SubTopology, inputs: Mapping[Node, tuple[Forward, ...]]) -> list[Forward]:
    """The edges from `node` to the nodes behind it, in the order the author made those."""
    behind = sorted((child for child in inputs if node in child.parents), key=lambda child: child.created)
    return [inputs[child][at] for child in behind for at, parent in enumerate(child.parents) if parent is node]
