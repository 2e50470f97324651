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
from streamapp.testing.conformance.live.lockstep import Course, LockStep
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
                rows = await _results(self._bootstrap, [course for course in courses if course.error is None])
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
                self.actual[course.staged.case.id] = rows[course.staged.out]
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


async def _results(bootstrap: str, courses: Sequence[Course]) -> Mapping[str, list[Record]]:
    """What is on the output topics, by topic, each record with the input that caused it."""
    by_topic = {course.staged.out: course for course in courses}
    left = {(topic, 0): course.marks[-1] for topic, course in by_topic.items() if course.marks and course.marks[-1]}
    records: dict[str, list[Record]] = {topic: [] for topic in by_topic}
    consumer = BatchConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        consumer.assign(left)
        for at in left:
            consumer.seek(at, 0)
        deadline = time.monotonic() + _READING
        while left:
            if time.monotonic() > deadline:
                raise StreamappError(
                    f"results could not be read within {_READING:.0f} s: {', '.join(t for t, _ in left)}"
                )
            for at, fetched in (await consumer.take(list(left), 1.0)).items():
                records[at[0]] += _records(by_topic[at[0]], fetched.rows())
                if fetched.next >= left[at]:
                    del left[at]
    finally:
        await consumer.stop()
    return records


def _records(course: Course, rows: Iterable[Row]) -> list[Record]:
    outputs = course.staged.case.outputs
    found: list[Record] = []
    for offset, timestamp, key, value, headers in rows:
        node = (dict(headers)[NODE] or b"").decode()
        if node in outputs:
            cause = bisect_right(course.marks, offset)
            found.append(record(cause, node if len(outputs) > 1 else None, key, value, timestamp))
    return found
