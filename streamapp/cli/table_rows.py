"""Where the rows of a table come from: the worker that runs it, else its log in Kafka, read only.

Knows nothing of how rows are printed.
"""

from __future__ import annotations

import os
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import orjson

from streamapp.cli.cluster import TopicPartition, open_admin, open_consumer, partitions_of
from streamapp.cli.reading import read
from streamapp.cli.records import Row
from streamapp.cli.rows import TableRow
from streamapp.dsl.topology import Topology
from streamapp.engine.plan import plan
from streamapp.engine.source_log import taken
from streamapp.engine.specs import Plan, StoreSpec, TableSpec
from streamapp.errors import NotFoundError
from streamapp.formats import codec_for
from streamapp.kafka import Admin
from streamapp.settings import Settings
from streamapp.state import Identity, TaskState
from streamapp.worker.cluster import not_compacted
from streamapp.worker.metadata import TaskMetadata, decode_metadata, merge_metadata
from streamapp.worker.names import Names
from streamapp.worker.reading import Reader
from streamapp.worker.shown import plain_row

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
        page = answer_of(f"{worker.web}/api/v1/topologies/{topology}/tables/{table}?{urllib.parse.urlencode(query)}")
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


def answer_of(url: str) -> dict[str, Any] | None:
    """What a worker answers; None when it does not."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is never behind a proxy
    try:
        with direct.open(url, timeout=_PATIENCE) as response:
            page: dict[str, Any] = orjson.loads(response.read())
            return page
    except (OSError, ValueError):
        return None  # it has just ended, or does not run this topology: the log answers


async def from_log(settings: Settings, topology: Topology, table: str, key: str | None) -> Iterator[TableRow]:
    """All rows as of the last commit, in the order in which a worker gives them.

    Raises `NotFoundError` when the table has no log.
    """
    names = Names.of(settings.application, topology.name)
    async with open_admin(settings) as admin:
        made = await planned(admin, topology, names)
        spec = next(one for one in made.tables if one.name == table)
        if spec.store.log == "none":
            raise NotFoundError(
                f"table {table!r} has no changelog (changelog=False), so only a worker that runs has its rows: start "
                f"the topology with 'streamapp {topology.name} run'"
            )
        logs = [_Log(made, store, names) for store in _stores(made, spec)]
        for log in logs:
            await log.find_ends(admin)
    copy = _Copy(spec, logs)
    async with open_consumer(settings) as consumer:
        starts = {at: start for log in logs for at, start in log.starts.items()}
        ends = {at: end for log in logs for at, end in log.ends.items()}
        async for (topic, partition), rows in read(consumer, starts, ends):
            copy.add(topic, partition, rows)
    return map(plain_row, copy.reader().all(table, key))


async def planned(admin: Admin, topology: Topology, names: Names) -> Plan:
    """The plan a worker runs: patterns match what there is, and a source topic that is not compacted is no log."""
    made = plan(topology, codec_for, [name for name in await admin.list() if not names.made(name)])
    sources = {str(store.source_topic) for store in made.stores if store.log == "source"}
    return made.with_changelogs(not_compacted(made, await admin.describe(sources)))


def _stores(made: Plan, table: TableSpec) -> list[StoreSpec]:
    """What must be read for a table: its rows, and their order in time where that is kept."""
    return [table.store, *(store for store in made.stores if store.name == table.index)]


class _Log:
    """The topic that has a store's rows, and how far it counts."""

    def __init__(self, made: Plan, store: StoreSpec, names: Names) -> None:
        self.store = store
        self.topic = names.changelog(store.name) if store.log == "changelog" else str(store.source_topic)
        self.starts: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}
        self._made = made
        self._names = names

    async def find_ends(self, admin: Admin) -> None:
        """Asks where the log begins, and where the committed state ends in it."""
        info = (await admin.describe([self.topic])).get(self.topic)
        if info is None:
            name = self._made.topology.name
            raise NotFoundError(
                f"table {self.store.name!r} has no log yet, topic {self.topic!r}: start the topology with "
                f"'streamapp {name} run'"
            )
        partitions = partitions_of(self.topic, info)
        self.ends = await self._committed(admin, partitions)
        self.starts = dict(await admin.beginnings(partitions))

    async def _committed(self, admin: Admin, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the committed state ends.

        Of a source topic, what is not committed was not processed; under at-least-once the offset's metadata
        names the changelog's end, and what lies behind it will be written again.
        """
        ends = dict(await admin.ends(partitions))
        if self.store.log == "global":
            return ends
        committed = await admin.committed(self._names.group)
        if self.store.log == "source":
            return {at: min(end, committed[at][0]) if at in committed else 0 for at, end in ends.items()}
        known: dict[int, list[TaskMetadata]] = {}
        for (topic, partition), (_, metadata) in committed.items():
            if topic in self._sources():
                known.setdefault(partition, []).append(decode_metadata(metadata))
        return {
            at: min(end, merge_metadata(known.get(at[1], ())).ends.get(self.store.name, end))
            for at, end in ends.items()
        }

    def _sources(self) -> set[str]:
        sub = self._made.subtopologies[self.store.subtopology]
        return {self._names.internal(source.topic) if source.internal else source.topic for source in sub.sources}

    def rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """What the store has of rows of the log."""
        return taken(self.store, rows)


class _Copy:
    """A table as its log tells it, in memory: one state for each partition, or for all of a global table."""

    def __init__(self, table: TableSpec, logs: Sequence[_Log]) -> None:
        self._table = table
        self._logs = {log.topic: log for log in logs}
        self._states: dict[int, Held] = {}
        for _, partition in logs[0].ends:
            self._state(partition)

    def _state(self, partition: int) -> TaskState:
        number = 0 if self._table.kind == "global" else partition
        if number not in self._states:
            stores = [log.store for log in self._logs.values()]
            self._states[number] = Held(TaskState.open(None, stores, Identity()))
        return self._states[number].state

    def add(self, topic: str, partition: int, rows: Sequence[Row]) -> None:
        """Applies rows of a log, in their order."""
        log = self._logs[topic]
        self._state(partition).restore(log.store.name, log.rows(rows), rows[-1][0] + 1)

    def reader(self) -> Reader:
        """Reads what has been applied."""
        tasks = {(self._table.store.subtopology, number): held for number, held in self._states.items()}
        held = self._states.get(0)
        return Reader([self._table], list(tasks), tasks, lambda: held.state if held else None)


@dataclass(frozen=True, slots=True)
class Held:
    """The state of one partition."""

    state: TaskState
