"""What a task gives out, on its way to topics and partitions.

Sinks, repartition topics and dead letters become records of the writer, routed as Kafka's default partitioner does.
Knows nothing of transactions.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping

from streamapp.engine.failure import DeadLetter
from streamapp.engine.specs import Plan, SinkSpec
from streamapp.kafka import Partitioner
from streamapp.kafka.interfaces import Writer
from streamapp.worker.names import Names
from streamapp.worker.running import RunningTask

_STACK = 4_000
"""Characters of a stack trace that go into a header."""


class Outputs:
    """Where the outputs of one topology go; `counts` gives the partitions of each topic by Kafka's name."""

    def __init__(self, plan: Plan, names: Names, counts: Mapping[str, int]) -> None:
        self._dead_letters = names.dead_letters
        self._dead_letter_partitioner = Partitioner(counts[names.dead_letters])
        self._routes = {
            sub.number: [
                (
                    topic := names.internal(sink.topic) if sink.internal else sink.topic,
                    Partitioner(counts[topic]),
                    sink.partition_bytes,
                    _choice(sink, counts[topic]),
                )
                for sink in sub.sinks
            ]
            for sub in plan.subtopologies
        }

    def send(self, task: RunningTask, writer: Writer) -> None:
        """Hands everything the task has given out since the last call to the writer."""
        routes = self._routes[task.subtopology.number]
        put = writer.put
        outputs = task.task.take_outputs()
        for sink, timestamp, key, value, headers in outputs:
            topic, partitioner, routed, choose = routes[sink]
            partition = None if choose is None else choose(key, value)
            if partition is None:
                partition = partitioner(key if key is None or routed is None else routed(key))
            put(topic, partition, timestamp, key, value, headers)
        task.counters.records_out += len(outputs)
        if task.task.dead_letters:
            self._send_dead_letters(task, writer)

    def _send_dead_letters(self, task: RunningTask, writer: Writer) -> None:
        for letter in task.task.dead_letters:
            _, timestamp, key, value, headers = letter.row
            partition = self._dead_letter_partitioner(key)
            writer.put(self._dead_letters, partition, timestamp, key, value, (*headers, *error_headers(letter)))
        task.counters.dead_letters += len(task.task.dead_letters)
        task.task.dead_letters.clear()


def _choice(sink: SinkSpec, count: int) -> Callable[[bytes | None, bytes | None], int | None] | None:
    """The author's choice of a partition, if there is one; that it gives one was checked with the record."""
    chosen = sink.partitioner
    return None if chosen is None else lambda key, value: chosen(key, value, count)


def error_headers(letter: DeadLetter) -> tuple[tuple[str, bytes], ...]:
    """What went wrong and where, under the names Kafka Streams 4.3 uses (KIP-1034)."""
    error = letter.exception
    stack = "".join(traceback.format_exception(error))[-_STACK:]
    fields = {
        "exception": f"{type(error).__module__}.{type(error).__qualname__}",
        "message": str(error),
        "stacktrace": stack,
        "topic": letter.topic,
        "partition": str(letter.partition),
        "offset": str(letter.row[0]),
    }
    return tuple((f"__streams.errors.{name}", value.encode()) for name, value in fields.items())
