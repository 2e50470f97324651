"""Where the rows of a table come from: the worker that runs it, else its log in Kafka, read only.

Knows nothing of how rows are printed.
"""

from __future__ import annotations

import os
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson

from streamapp.cli.cluster import TopicPartition, open_admin, open_consumer, partitions_of
from streamapp.cli.reading import read
from streamapp.cli.records import Row
from streamapp.cli.rows import TableRow, row_of
from streamapp.engine.plan import StoreSpec, SubTopology
from streamapp.engine.source_log import stored
from streamapp.errors import NotFoundError
from streamapp.kafka import Admin
from streamapp.settings import Settings
from streamapp.worker.metadata import TaskMetadata, decode_metadata, merge_metadata
from streamapp.worker.names import Names

_PAGE = 1000
_PATIENCE = 10.0
"""Seconds a worker has to answer for one page."""


class WorkerFile(msgspec.Struct, frozen=True):
    """What a worker writes to say that it runs: `<state>/<application>/worker.json`."""

    pid: int
    web: str


def from_worker(settings: Settings, topology: str, table: str, key: str | None) -> list[TableRow] | None:
    """All rows as the running worker has them; None when none runs, or it does not have the whole table."""
    worker = running_worker(settings.state_dir / settings.application / "worker.json")
    if worker is None:
        return None
    rows: list[TableRow] = []
    query: dict[str, Any] = {"limit": _PAGE} if key is None else {"limit": _PAGE, "key": key}
    while True:
        page = _page(f"{worker.web}/api/v1/topologies/{topology}/tables/{table}?{urllib.parse.urlencode(query)}")
        if page is None or page["incomplete"]:
            return None
        rows += page["items"]
        if page["next"] is None:
            return rows
        query["cursor"] = page["next"]


def running_worker(path: Path) -> WorkerFile | None:
    """The worker that wrote `path`, if its process is alive."""
    try:
        worker = msgspec.json.decode(path.read_bytes(), type=WorkerFile)
        os.kill(worker.pid, 0)
    except PermissionError:
        return worker
    except (OSError, msgspec.DecodeError):
        return None
    return worker


def _page(url: str) -> dict[str, Any] | None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is never behind a proxy
    try:
        with direct.open(url, timeout=_PATIENCE) as response:
            page: dict[str, Any] = orjson.loads(response.read())
            return page
    except (OSError, ValueError):
        return None  # it has just ended, or does not run this topology: the log answers


async def from_log(settings: Settings, topology: str, sub: SubTopology, spec: StoreSpec) -> Iterator[TableRow]:
    """All rows as of the last commit, in the order of their encoded keys.

    Raises `NotFoundError` when the table's log does not exist.
    """
    names = Names.of(settings.application, topology)
    async with open_admin(settings) as admin:
        spec = await _logged(admin, spec)
        topic = names.changelog(spec.name) if spec.log == "changelog" else str(spec.source_topic)
        info = (await admin.describe([topic])).get(topic)
        if info is None:
            raise NotFoundError(
                f"table {spec.name!r} has no log yet, topic {topic!r}: start the topology with "
                f"'streamapp {topology} run'"
            )
        partitions = partitions_of(topic, info)
        ends = await _ends(admin, partitions, names, sub, spec)
        starts = await admin.beginnings(partitions)
    found = _Latest(sub, spec)
    async with open_consumer(settings) as consumer:
        async for (_, partition), rows in read(consumer, starts, ends):
            found.add(partition, rows)
    return found.rows()


async def _logged(admin: Admin, spec: StoreSpec) -> StoreSpec:
    """The store with the log a worker gives it: a source topic that is not compacted is none."""
    if spec.log != "source":
        return spec
    source = (await admin.describe([str(spec.source_topic)])).get(str(spec.source_topic))
    return spec.logged() if source is not None and "compact" not in source.config["cleanup.policy"] else spec


async def _ends(
    admin: Admin, partitions: list[TopicPartition], names: Names, sub: SubTopology, spec: StoreSpec
) -> dict[TopicPartition, int]:
    """Where the committed state ends in the log.

    Of a source topic, what is not committed was not processed; under at-least-once the offset's metadata
    names the changelog's end, and what lies behind it will be written again.
    """
    ends = dict(await admin.ends(partitions))
    committed = await admin.committed(names.group)
    if spec.log == "source":
        return {at: min(end, committed[at][0]) if at in committed else 0 for at, end in ends.items()}
    sources = {names.internal(source.topic) if source.internal else source.topic for source in sub.sources}
    known: dict[int, list[TaskMetadata]] = {}
    for (topic, partition), (_, metadata) in committed.items():
        if topic in sources:
            known.setdefault(partition, []).append(decode_metadata(metadata))
    return {at: min(end, merge_metadata(known.get(at[1], ())).ends.get(spec.name, end)) for at, end in ends.items()}


class _Latest:
    """The last value of each key of a log, in memory."""

    def __init__(self, sub: SubTopology, spec: StoreSpec) -> None:
        self._spec = spec
        self._source = next((source for source in sub.sources if source.topic == spec.source_topic), None)
        self._values: dict[tuple[bytes, int], tuple[bytes, int]] = {}

    def add(self, partition: int, rows: Iterable[Row]) -> None:
        """Applies rows of the log, in their order."""
        for row in rows:
            found = row if self._source is None else stored(row, self._source.key, self._source.value)
            if found is None:
                continue
            _, timestamp, key, value, _ = found
            if key is None:
                continue
            if value is None:
                self._values.pop((key, partition), None)
            else:
                self._values[key, partition] = (value, timestamp)

    def rows(self) -> Iterator[TableRow]:
        """The rows, decoded, in the order of their encoded keys."""
        return (_row(self._spec, at[0], *self._values[at]) for at in sorted(self._values))


def _row(spec: StoreSpec, key: bytes, value: bytes, timestamp: int) -> TableRow:
    decoded = spec.value.decode(value)
    if spec.kind != "window":
        return row_of(spec.key.decode(key), None, decoded, timestamp)
    start = int.from_bytes(key[-8:], "big")
    window = (start, start + (spec.window_size or 0))
    return row_of(spec.key.decode(key[:-8]), window, decoded, timestamp)
