"""Cases through the worker, some at a time in one process: what came out of each, and what went wrong.

A worker that does not start, or a broker that refuses an input, stops all of them: then they are tried again in
halves. Knows nothing of expectations.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from streamapp.errors import KafkaUnavailableError, StreamappError
from streamapp.kafka import Admin, BatchConsumer, BatchProducer, BatchWriter
from streamapp.kafka.records import Row
from streamapp.testing.conformance.cases import Case, Record
from streamapp.testing.conformance.live.cluster import cluster, topics
from streamapp.testing.conformance.live.ending import Ending
from streamapp.testing.conformance.live.lockstep import Course, LockStep, TopicPartition
from streamapp.testing.conformance.live.staged import NODE, Staged, names_of, stage
from streamapp.testing.conformance.live.worker import worker
from streamapp.testing.conformance.records import record

TOGETHER = 25
"""Cases that share a worker."""

_READING = 60.0
"""Seconds the results of some cases may take to be read."""

Answers = tuple[dict[str, list[Record]], dict[str, str]]
"""The records of each case, and the errors of those that could not be run."""


def answers(cases: Sequence[Case], bootstrap: str | None = None) -> Answers:
    """What each case gives on the cluster at `bootstrap`, or the one `cluster` finds or starts.

    Raises `StreamappError` when the cluster cannot be used.
    """
    with (
        Ending() as ending,
        TemporaryDirectory(prefix="conformance-") as folder,
        cluster(bootstrap, Path(folder)) as address,
    ):
        return ending.run(_answers(cases, address, Path(folder)))


async def _answers(cases: Sequence[Case], bootstrap: str, folder: Path) -> Answers:
    async with await Admin.connect(bootstrap, fail_fast=True) as admin:
        run = _Run(admin, bootstrap, folder)
        staged = run.stage(cases)
        for first in range(0, len(staged), TOGETHER):
            await run.together(staged[first : first + TOGETHER])
    return run.actual, run.errors


class _Run:
    """Where cases are run, and what has come of them."""

    def __init__(self, admin: Admin, bootstrap: str, folder: Path) -> None:
        self.actual: dict[str, list[Record]] = {}
        self.errors: dict[str, str] = {}
        self._admin, self._bootstrap, self._folder = admin, bootstrap, folder
        self._application = f"conformance-{uuid4().hex[:8]}"

    def stage(self, cases: Sequence[Case]) -> list[Staged]:
        """The cases that can be run."""
        staged: list[Staged] = []
        for case, name in zip(cases, names_of(cases), strict=True):
            try:
                staged.append(stage(case, name, self._application))
            except Exception as error:  # noqa: BLE001 - whatever stops a case is its result
                self.errors[case.id] = f"{type(error).__name__}: {error}"
        return staged

    async def together(self, staged: Sequence[Staged]) -> None:
        """Runs cases in one worker."""
        try:
            async with topics(self._admin, staged):
                courses = await self._through(staged)
                records = await self._results([course for course in courses if course.error is None])
        except KafkaUnavailableError:
            raise
        except StreamappError as error:
            if len(staged) == 1:
                self.errors[staged[0].case.id] = str(error)
                return
            half = len(staged) // 2
            await self.together(staged[:half])
            await self.together(staged[half:])
            return
        for course in courses:
            if course.error is None:
                self.actual[course.staged.case.id] = records[course.staged.out]
            else:
                self.errors[course.staged.case.id] = course.error

    async def _through(self, staged: Sequence[Staged]) -> list[Course]:
        courses = [Course(one) for one in staged]
        producer = BatchProducer(bootstrap_servers=self._bootstrap)
        await producer.start(fail_fast=True)
        try:
            with TemporaryDirectory(dir=self._folder, prefix="worker-") as folder:
                async with worker(staged, self._bootstrap, self._application, Path(folder)) as running:
                    await LockStep(self._admin, BatchWriter(producer, limits={}), running).run(courses)
        finally:
            await producer.stop()
        return courses

    async def _results(self, courses: Sequence[Course]) -> Mapping[str, list[Record]]:
        """What is on the output topics, now that the worker has ended, by topic."""
        ends = await self._admin.ends((course.staged.out, 0) for course in courses)
        rows = await _rows(self._bootstrap, ends)
        return {course.staged.out: _records(course, rows[course.staged.out, 0]) for course in courses}


async def _rows(bootstrap: str, ends: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, list[Row]]:
    """All that is committed on partitions up to their ends."""
    rows: dict[TopicPartition, list[Row]] = {at: [] for at in ends}
    left = {at: end for at, end in ends.items() if end}
    consumer = BatchConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        consumer.assign(left)
        for at in left:
            consumer.seek(at, 0)
        deadline = time.monotonic() + _READING
        while left:
            if time.monotonic() > deadline:
                raise StreamappError(f"{', '.join(topic for topic, _ in left)}: not read within {_READING:.0f} s")
            for at, fetched in (await consumer.take(list(left), 1.0)).items():
                rows[at] += fetched.rows()
                if fetched.next >= left[at]:
                    del left[at]
    finally:
        await consumer.stop()
    return rows


def _records(course: Course, rows: Iterable[Row]) -> list[Record]:
    """What output nodes forwarded, each with the input that caused it; one too many is that of no input."""
    outputs = course.staged.case.outputs
    found: list[Record] = []
    for offset, timestamp, key, value, headers in rows:
        node = (dict(headers)[NODE] or b"").decode()
        if node in outputs:
            cause = bisect_right(course.marks, offset)
            found.append(record(cause, node if len(outputs) > 1 else None, key, value, timestamp))
    return found
