"""Looks at a scene while faults are done to it: lag, latency, and when which fault was there.

Latency is the time from the sending of an event until a reader of committed records has its output. Knows nothing of
faults or of pages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

import msgspec

from streamapp.kafka import Admin, BatchConsumer, RetriableKafkaError
from tests.chaos.pipeline import Passed
from tests.chaos.scene import Scene

EVERY = 0.5
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at `at` (s since the beginning); `latency` (s) is the longest since the look before, if any."""

    at: float
    lag: int
    latency: float | None


@dataclass(slots=True)
class Bar:
    """A fault, from when to when it was there (s since the beginning), and how long it took to recover from it."""

    name: str
    begin: float
    end: float
    recovery: float = 0.0


class Watch:
    """Watches while it is entered by `async with`; `sent` is told of events that are sent."""

    def __init__(self, scene: Scene) -> None:
        self.samples: list[Sample] = []
        self.bars: list[Bar] = []
        self._scene = scene
        self._began = time.monotonic()
        self._sent: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._latency: float | None = None

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def sent(self) -> None:
        """Notes the time of all events that were taken since the last call."""
        self._sent += [self.now] * (len(self._scene.input.good) - len(self._sent))

    @contextmanager
    def bar(self, name: str) -> Iterator[Bar]:
        """Draws a bar for what is done meanwhile."""
        bar = Bar(name, self.now, self.now)
        self.bars.append(bar)
        try:
            yield bar
        finally:
            bar.end = self.now

    async def __aenter__(self) -> Watch:
        self._admin = await Admin.connect(self._scene.bootstrap)
        self._reader = BatchConsumer(bootstrap_servers=self._scene.bootstrap, isolation_level="read_committed")
        await self._reader.start()
        partitions = [(self._scene.passed, number) for number in range(self._scene.partitions)]
        self._reader.assign(partitions)
        for at in partitions:
            self._reader.seek(at, 0)
        self._tasks = [asyncio.create_task(self._read(partitions)), asyncio.create_task(self._look())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._reader.stop()
        await self._admin.__aexit__(kind, error, trace)
        for one in ended:
            if isinstance(one, Exception):
                raise one

    async def _read(self, partitions: list[tuple[str, int]]) -> None:
        while True:
            try:
                fetched = await self._reader.take(partitions, EVERY)
            except RetriableKafkaError:  # brokers are killed: that is what is watched
                await asyncio.sleep(EVERY)
                continue
            for batch in fetched.values():
                for row in batch.rows():
                    sequence = msgspec.json.decode(row[3] or b"", type=Passed).sequence
                    if sequence < len(self._sent):
                        self._latency = max(self._latency or 0.0, self.now - self._sent[sequence])

    async def _look(self) -> None:
        while True:
            try:
                offsets = await self._admin.committed(self._scene.group)
            except RetriableKafkaError:  # brokers are away: there is nothing to see
                continue
            done = sum(offset for (topic, _), (offset, _) in offsets.items() if topic == self._scene.events)
            latency, self._latency = self._latency, None
            self.samples.append(Sample(self.now, max(0, self._scene.produced - done), latency))
            await asyncio.sleep(EVERY)
