"""Gives each case its inputs one by one: the next one when the last and all that it caused are committed.

A case stands still when its group has committed every topic it reads up to the end, internal topics included: what
follows of a record is written in the transaction that commits it, so nothing can be under way then. Offsets are
therefore asked first, and ends after them. What is read by a global table is in no group: there the worker's count
of records read must have grown by one, while nothing else happens in that topology. Cases do not wait for each
other. Knows nothing of how workers are started.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence

from streamapp.kafka import Admin, BatchWriter
from streamapp.testing.conformance.live.staged import Staged
from streamapp.testing.conformance.live.worker import Worker

PATIENCE = 90.0
"""Seconds an input may take on a busy machine."""

_POLL = 0.01
"""Seconds between two looks at the groups."""

_DOUBT = 2.0
"""Seconds after which the worker is asked whether a topology has failed."""

TopicPartition = tuple[str, int]


class Course:
    """How far a case is; `marks` has where its output topic ended after each input."""

    def __init__(self, staged: Staged) -> None:
        self.staged = staged
        self.marks: list[int] = []
        self.error: str | None = None
        self.since = self.asked = 0.0
        """When its last input was written, and when the worker was last asked; of a clock that never goes back."""
        self.wanted: int | None = None
        """How many records the worker must have read of this topology, where that is what tells."""
        self.idle = True
        self._pass_over(0)

    @property
    def over(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.error is not None or (self.idle and len(self.marks) == len(self.staged.inputs))

    def settle(self, end: int) -> None:
        """Takes note that the last input is done."""
        self.marks.append(end)
        self._pass_over(end)
        self.idle = True

    def fail(self, reason: str) -> None:
        """Takes note that it cannot go on."""
        self.error = f"input {len(self.marks)}: {reason}"

    def _pass_over(self, end: int) -> None:
        """The inputs that are next and that nobody reads are done at once."""
        while len(self.marks) < len(self.staged.inputs) and self.staged.inputs[len(self.marks)] is None:
            self.marks.append(end)


class LockStep:
    """Leads cases through their inputs."""

    def __init__(self, admin: Admin, writer: BatchWriter, worker: Worker) -> None:
        self._admin, self._writer, self._worker = admin, writer, worker

    async def run(self, courses: Sequence[Course]) -> None:
        """Returns when each case is through, or has its `error`."""
        while active := [course for course in courses if not course.over]:
            try:
                await self._feed([course for course in active if course.idle])
                if not await self._look(active):
                    await self._doubt(active)
                    await asyncio.sleep(_POLL)
            except OSError as error:
                self._give_up(active, error)
            if not self._worker.running:
                self._give_up(active, "the worker has ended")

    def _give_up(self, courses: Iterable[Course], reason: object) -> None:
        """Nothing more can come from the worker."""
        for course in courses:
            if not course.over:
                course.fail(f"{reason}: {self._worker.said_of(course.staged.name)}")

    async def _feed(self, courses: Iterable[Course]) -> None:
        """Writes the next input of each case."""
        for course in courses:
            given = course.staged.inputs[len(course.marks)]
            assert given is not None  # noqa: S101 - tells mypy: those were passed over
            topic, timestamp, key, value = given
            read_globally = topic in course.staged.globals
            course.wanted = await self._read(course) + 1 if read_globally else None
            self._writer.put(topic, 0, timestamp, key, value, ())
            course.idle, course.since = False, time.monotonic()
            course.asked = course.since
        await self._writer.flush()

    async def _look(self, courses: Sequence[Course]) -> bool:
        """Finds the cases that stand still; whether there is one."""
        committed = await asyncio.gather(*(self._admin.committed(course.staged.group) for course in courses))
        ends = await self._admin.ends(
            (topic, 0) for course in courses for topic in (*course.staged.sources, course.staged.out)
        )
        settled = [
            course
            for course, group in zip(courses, committed, strict=True)
            if _caught_up(course.staged, group, ends) and await self._has_read(course)
        ]
        for course in settled:
            course.settle(ends[course.staged.out, 0])
        return bool(settled)

    async def _has_read(self, course: Course) -> bool:
        return course.wanted is None or await self._read(course) >= course.wanted

    async def _read(self, course: Course) -> int:
        """How many records the worker has read of a topology, those of global tables included."""
        document = await self._worker.topology(course.staged.name)
        return int(document["counters"]["records_in"])

    async def _doubt(self, courses: Iterable[Course]) -> None:
        """Gives up the cases whose topology has failed, or takes too long."""
        for course in courses:
            now = time.monotonic()
            if now - course.asked < _DOUBT:
                continue
            course.asked = now
            document = await self._worker.topology(course.staged.name)
            if document["state"] == "failed":
                course.fail(f"the topology failed: {document['error']}")
            elif now - course.since > PATIENCE:
                course.fail(f"not committed within {PATIENCE:.0f} s; the topology: {document}")


def _caught_up(
    staged: Staged, group: Mapping[TopicPartition, tuple[int, str]], ends: Mapping[TopicPartition, int]
) -> bool:
    return all(group.get((topic, 0), (0, ""))[0] >= ends[topic, 0] for topic in staged.sources)
