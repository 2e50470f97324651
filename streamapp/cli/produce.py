"""`streamapp produce`: JSON lines of stdin as the records of a topic; knows nothing of formats."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from streamapp.cli.input import Chunks
from streamapp.cli.options import cluster_options, current_settings
from streamapp.cli.records import read_line
from streamapp.errors import StreamappError, UsageError
from streamapp.settings import Settings

if TYPE_CHECKING:
    from streamapp.kafka import BatchWriter


@click.command()
@click.argument("topic")
@cluster_options
def produce(topic: str) -> None:
    """Write records to TOPIC, one JSON object per line of stdin.

    {"key", "value", "headers": [["name", "text"]], "partition", "timestamp"}, all optional. A string is
    written as its UTF-8 bytes, {"base64": "..."} as those bytes, null as null, anything else as the JSON it
    is. Without a partition the key decides, as in Kafka; without a timestamp it is now. What consume prints
    can be fed back.
    """
    asyncio.run(write_lines(current_settings(), topic))


async def write_lines(settings: Settings, topic: str) -> None:
    """Writes stdin to the end and says on stderr how much; raises `UsageError` for a line that is wrong."""
    from streamapp.cli.cluster import existing, open_admin, open_writer

    async with open_admin(settings) as admin:
        info = await existing(admin, topic)
    async with open_writer(settings, {topic: info}) as writer:
        sink = _LineSink(writer, topic, info.partitions)
        try:
            await _write_all(sink, writer)
        finally:
            await writer.flush()
            click.echo(f"{sink.written} records written to {topic}", err=True)


async def _write_all(sink: _LineSink, writer: BatchWriter) -> None:
    chunks = Chunks(sys.stdin.buffer)
    async for chunk in chunks:
        for line in _lines(sink, chunk):
            sink.put(line)
        await writer.pump()
        if chunks.waiting:
            await writer.flush()  # nothing more is there now: what was typed is not kept back


def _lines(sink: _LineSink, chunk: bytes) -> Iterator[bytes]:
    """The lines that are complete with this chunk; an empty chunk is the end of the input."""
    lines = (sink.rest + chunk).split(b"\n")
    sink.rest = lines.pop() if chunk else b""
    yield from lines


class _LineSink:
    """Writes lines to one topic and counts them."""

    def __init__(self, writer: BatchWriter, topic: str, partitions: int) -> None:
        from streamapp.kafka import Partitioner

        self.rest = b""
        self.written = 0
        self._number = 0
        self._writer = writer
        self._topic = topic
        self._partitions = partitions
        self._partitioner = Partitioner(partitions)

    def put(self, text: bytes) -> None:
        """Writes one line; raises `UsageError` naming it when it cannot be written."""
        self._number += 1
        if not text.strip():
            return
        line, key, value = read_line(text, self._number)
        partition = self._partitioner(key) if line.partition is None else line.partition
        if not 0 <= partition < self._partitions:
            last = self._partitions - 1
            raise UsageError(f"line {self._number}: partition is {partition}: {self._topic} has 0 to {last}")
        timestamp = int(time.time() * 1000) if line.timestamp is None else line.timestamp
        try:
            self._writer.put(self._topic, partition, timestamp, key, value, line.header_bytes)
        except StreamappError as error:
            raise UsageError(f"line {self._number}: {error}") from error
        self.written += 1
