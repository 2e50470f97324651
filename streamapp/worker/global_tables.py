"""The global tables of one topology in this process: loaded before any task runs, then kept up in the background.

All partitions of their topics are read, in no group; how far they are is in their state folder alone. Their rows have
no place in the order of other records, and no part in a transaction: a record that cannot be decoded is logged and
counted. Knows nothing of tasks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from streamapp.engine.failure import RetryLaterError
from streamapp.engine.global_task import GlobalTask
from streamapp.engine.records import Row
from streamapp.engine.specs import Plan
from streamapp.engine.store import Store
from streamapp.errors import ConfigurationError
from streamapp.kafka import BatchConsumer, OffsetOutOfRangeError, RetriableKafkaError
from streamapp.settings import Settings
from streamapp.state import DamagedStateError, Position, TaskState, put_aside
from streamapp.worker.cluster import Cluster
from streamapp.worker.names import Names
from streamapp.worker.pace import Pace
from streamapp.worker.running import Counters, TopicPartition

logger = logging.getLogger(__name__)

_AT_ONCE = 2_000
"""Rows written to disk in one step, some milliseconds of work."""

_AGAIN = 1.0
"""Seconds until a broker that could not answer is asked again."""

_OLD = 12 * 3600 * 1000
"""Milliseconds after which deletions may be gone from a compacted topic: half of `delete.retention.ms`."""


class GlobalTables:
    """Opened and loaded by `load`, kept up by `follow`, closed by `close`; `state` is None while closed.

    `stores` are for the tasks to look up, from `load` to `close`. `folder` belongs to this process alone.
    """

    def __init__(self, plan: Plan, names: Names, folder: Path, settings: Settings, cluster: Cluster) -> None:
        self.state: TaskState | None = None
        self.counters = Counters()
        self._plan = plan
        self._names = names
        self.folder = folder
        self._settings = settings
        self._cluster = cluster
        self._identity = cluster.identity(spec.topic for spec in plan.globals)
        self._partitions = [
            (spec.topic, number) for spec in plan.globals for number in range(cluster.partitions[spec.topic])
        ]
        self._positions: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._dirty = 0
        self._last_commit = time.monotonic()
        self._pace = Pace()

    @property
    def stores(self) -> Mapping[str, Store]:
        """The stores by name."""
        return {} if self.state is None else self.state.stores

    @property
    def lag(self) -> int:
        """Offsets that are not in the tables yet, as far as is known."""
        return sum(max(0, self._ends.get(at, offset) - offset) for at, offset in self._positions.items())

    # -- loading -------------------------------------------------------------------------------------------------------

    async def load(self, stopping: Callable[[], bool]) -> bool:
        """Opens the tables and reads everything their topics hold now; false when `stopping()` came first."""
        if not self._partitions:
            return True
        self._ends = await self._cluster.admin.ends(self._partitions)
        starts = await self._cluster.admin.beginnings(self._partitions)
        await self._open(starts)
        self._consumer = BatchConsumer(bootstrap_servers=self._cluster.bootstrap, isolation_level="read_committed")
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        for at, position in self._positions.items():
            self._consumer.seek(at, position)
        began, first = time.monotonic(), self.counters.records_in
        wanted = dict(self._ends)
        while any(self._positions[at] < end for at, end in wanted.items()):
            if stopping():
                return False
            await self._advance()
        self._commit()
        done = self.counters.records_in - first
        logger.info("%s: global tables loaded, %d records in %.1f s", self._name, done, time.monotonic() - began)
        return True

    @property
    def _name(self) -> str:
        return self._plan.topology.name

    async def _open(self, starts: Mapping[TopicPartition, int]) -> None:
        """Opens the folder, or puts it aside and begins anew where it cannot be believed."""
        for _ in range(2):
            try:
                self.state = await asyncio.to_thread(
                    TaskState.open,
                    self.folder,
                    [spec.store for spec in self._plan.globals],
                    self._identity,
                    wait_s=self._settings.session_timeout,
                )
            except DamagedStateError as error:
                logger.warning("%s; put aside as %s and rebuilt from the log", error, put_aside(self.folder))
                continue
            reason = self._distrust(starts)
            if reason is None:
                self._begin(starts)
                return
            self.state.close()
            self.state = None
            aside = put_aside(self.folder)
            logger.warning("state folder %s %s; put aside as %s and rebuilt from the log", self.folder, reason, aside)
        raise ConfigurationError(f"state folder {str(self.folder)!r} cannot be opened even when made anew")

    def _distrust(self, starts: Mapping[TopicPartition, int]) -> str | None:
        """Why what the folder says is of no use, if it is not."""
        position = self.state.position if self.state else None
        if position is None or not position.sources:
            return None
        for at in self._partitions:
            known = position.sources.get(self._mark(at), starts[at])
            if known > self._ends[at]:
                return f"is ahead of topic {at[0]!r}: it has partition {at[1]} up to {known}, of {self._ends[at]}"
            if known < starts[at]:
                return f"is too old: topic {at[0]!r} partition {at[1]} begins at {starts[at]}, it goes on at {known}"
        age = time.time() * 1000 - position.committed_at
        if age > _OLD:
            return f"is {age / 3.6e6:.0f} hours old, so deletions may be gone from the topics"
        return None

    def _begin(self, starts: Mapping[TopicPartition, int]) -> None:
        assert self.state is not None  # noqa: S101 - tells mypy: it was opened
        saved = self.state.position.sources if self.state.position else {}
        self._positions = {at: saved.get(self._mark(at), starts[at]) for at in self._partitions}
        self._task = GlobalTask(
            self._plan.globals,
            self.state.stores,
            application=self._names.group,
            on_error=self._plan.topology.on_error,
        )
        self._commit()  # so that a table that goes and comes back never finds the position of the rows it had

    def _mark(self, at: TopicPartition) -> str:
        """The name of a position: a table that gets another name, or topic, begins anew."""
        topic, partition = at
        store = next(spec.store.name for spec in self._plan.globals if spec.topic == topic)
        return f"{store}:{topic}:{partition}"

    # -- keeping up ----------------------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Reads on until it is cancelled; raises what cannot be mended by trying again."""
        while self._partitions:
            await self._advance()

    async def _advance(self) -> None:
        """Takes over what has been fetched, if anything comes within a moment."""
        try:
            batches = await self._consumer.take(self._partitions, 0.1)
        except OffsetOutOfRangeError as error:
            raise DamagedStateError(self.folder, f"cannot go on: {error}") from error
        except RetriableKafkaError as error:
            logger.warning("%s: global tables stand still, trying again: %s", self._name, error)
            await asyncio.sleep(_AGAIN)
            return
        for at, fetched in batches.items():
            await self._keep(at, fetched.rows(), fetched.next)
            self._ends[at] = max(self._ends[at], self._consumer.end(at) or 0)
        if self._dirty and time.monotonic() - self._last_commit >= self._settings.commit_seconds:
            self._commit()

    async def _keep(self, at: TopicPartition, rows: Sequence[Row], next_offset: int) -> None:
        """Runs consecutive records of a partition, in slices."""
        left = rows
        while left:
            part, began = left[: min(self._pace.rows, _AT_ONCE)], time.perf_counter()
            wait = self._process(at, part)
            left = left[len(part) :] if wait is None else [row for row in left if row[0] >= wait.offset]
            self._positions[at] = left[0][0] if left else next_offset
            self._pace.learn(len(part), time.perf_counter() - began)
            if self._dirty >= _AT_ONCE:
                self._commit()
            await asyncio.sleep(0 if wait is None else wait.after / 1000)
        self._positions[at] = next_offset
        self._dirty += 1

    def _process(self, at: TopicPartition, rows: Sequence[Row]) -> RetryLaterError | None:
        done = len(rows)
        try:
            self._task.process(*at, rows)
        except RetryLaterError as later:
            done = sum(row[0] < later.offset for row in rows)
            return later
        finally:
            self._dirty += done
            self.counters.records_in += done
            self._note_letters()
        return None

    def _note_letters(self) -> None:
        """What cannot be decoded has no transaction to be put aside in: it is named, and counted."""
        for letter in self._task.dead_letters:
            logger.warning(
                "%s: a record of global topic %r, partition %d, offset %d cannot be decoded and is left out: %r",
                self._name,
                letter.topic,
                letter.partition,
                letter.row[0],
                letter.exception,
            )
        self.counters.dead_letters += len(self._task.dead_letters)
        self.counters.dropped = sum(self._task.dropped.values())
        self._task.dead_letters.clear()

    def _commit(self) -> None:
        assert self.state is not None  # noqa: S101 - tells mypy: it was opened
        sources = {self._mark(at): offset for at, offset in self._positions.items()}
        read = {
            spec.store.name: sum(offset for (topic, _), offset in self._positions.items() if topic == spec.topic)
            for spec in self._plan.globals
        }
        self.state.commit(Position(sources, read, committed_at=int(time.time() * 1000)))
        self._dirty, self._last_commit = 0, time.monotonic()

    async def close(self) -> None:
        """Stops reading and closes the tables; what was not committed is read again."""
        consumer: BatchConsumer | None = getattr(self, "_consumer", None)
        if consumer is not None:
            await consumer.stop()
        if self.state is not None:
            self.state.close()
            self.state = None
