"""Computes answers with a broker, an import and a worker of their own; nothing of theirs stays.

Knows nothing of which answers there are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from streamapp.cli.cluster import existing, open_admin, open_consumer, partitions_of
from streamapp.cli.gallery.answers import Answer
from streamapp.cli.importers.beside import topics_beside
from streamapp.cli.importers.events import Event
from streamapp.cli.importers.loading import load, make_missing
from streamapp.cli.reading import read
from streamapp.cli.rows import TableRow
from streamapp.cli.table_rows import from_log
from streamapp.cli.topic_keys import ShowKey, topic_keys
from streamapp.errors import StreamappError
from streamapp.kafka.broker.server import Broker
from streamapp.registry import load_topologies, pick
from streamapp.settings import Settings
from streamapp.worker.shown import plain

_APPLICATION = "gallery"
_LOG_LINES = 20


class WorkerFailedError(StreamappError):
    """The worker has ended with an error."""


@contextmanager
def stage(settings: Settings) -> Iterator[Stage]:
    """A broker with nothing on it, in a folder of its own; both are gone afterwards."""
    with TemporaryDirectory(prefix="streamapp-gallery-") as name:
        folder = Path(name)
        broker = Broker(folder / "broker")
        try:
            servers = broker.start().bootstrap_servers
            yield Stage(
                replace(settings, bootstrap_servers=servers, application=_APPLICATION, state_dir=folder / "state"),
                folder,
            )
        finally:
            broker.stop()


@dataclass(frozen=True, slots=True)
class Stage:
    """Where answers are computed."""

    settings: Settings
    folder: Path

    async def put(self, topic: str, events: Iterable[Event], partitions: int) -> int:
        """Puts events on a topic, beside those that registered topologies need with it; gives their number."""
        await make_missing(self.settings, topics_beside(self.settings, topic), partitions)
        return await load(self.settings, topic, partitions, events)

    def process(self, *topologies: str) -> None:
        """Lets a worker do what there is to do; raises `WorkerFailedError` with the end of its log."""
        pick(load_topologies(self.settings), topologies)
        log = self.folder / "worker.log"
        command = [sys.executable, "-m", "streamapp", "worker", *topologies, "--until-end", "--web-port", "0"]
        with log.open("wb") as file:
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=file, env=self._environment(), check=False)
        if done.returncode:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            why = [line for line in lines[:-_LOG_LINES] if line.startswith("error: ")]  # what ended it may be far up
            said = [f"the worker ended with exit code {done.returncode}:", *why, *lines[-_LOG_LINES:]]
            raise WorkerFailedError("\n".join(said))

    def _environment(self) -> Mapping[str, str]:
        settings = self.settings
        return os.environ | {
            "STREAMAPP_BOOTSTRAP_SERVERS": str(settings.bootstrap_servers),
            "STREAMAPP_APPLICATION": settings.application,
            "STREAMAPP_STATE_DIR": str(settings.state_dir),
            "STREAMAPP_TOPOLOGIES": settings.topologies,
        }

    async def lines(self, answer: Answer) -> list[bytes]:
        """An answer's lines, from what the worker has left in Kafka.

        Raises `WorkerFailedError` when the worker has put records aside.
        """
        dead = [record async for record in self._records(f"{_APPLICATION}-{answer.topology}-dead-letters")]
        if dead:
            raise WorkerFailedError(f"{len(dead)} records could not be processed, the first one is {dead[0]}")
        if answer.kind == "topic":
            return answer.lines([record async for record in self._records(answer.source)])
        topology = load_topologies(self.settings)[answer.topology]
        return answer.lines(await from_log(self.settings, topology, answer.source, None))

    async def _records(self, topic: str) -> AsyncIterator[TableRow]:
        """The committed records of a topic, as rows of a table are."""
        async with open_admin(self.settings) as admin:
            partitions = partitions_of(topic, await existing(admin, topic))
            starts, ends = await admin.beginnings(partitions), await admin.ends(partitions)
        shown: ShowKey = topic_keys(load_topologies(self.settings).values(), _APPLICATION).get(topic, plain)
        async with open_consumer(self.settings) as consumer:
            async for _, rows in read(consumer, starts, ends):
                for _, timestamp, key, value, _ in rows:
                    yield _row(shown(key), value, timestamp)


def _row(key: Any, value: bytes | None, timestamp: int) -> TableRow:
    windowed = isinstance(key, dict)
    return {
        "key": key["key"] if windowed else key,
        "window": {"start": key["start"], "end": key["end"]} if windowed else None,
        "value": None if value is None else msgspec.json.decode(value),
        "timestamp": timestamp,
    }
