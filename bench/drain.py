"""When a system has done its input, seen at the broker: its outputs, and what its group has committed.

Knows nothing of what a system is.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bench.process import Launched
from bench.trouble import BenchError
from streamapp.kafka import Admin

_POLL = 0.03
"""Seconds between two looks at the output."""
_LASTING = 2.0
_STILL = 0.7
"""Seconds the output must not change after everything is committed, where the number of outputs is not known."""


@dataclass(frozen=True, slots=True)
class Drained:
    """How the output grew: (UNIX seconds, outputs), one for each change; `start` is when the first input came."""

    start: float
    series: tuple[tuple[float, int], ...]

    @property
    def end(self) -> float:
        """When the last output was there."""
        return self.series[-1][0]

    def rate(self, n: int) -> float:
        """Inputs per second, of `n`."""
        return n / (self.end - self.start)

    def later_rate(self, n: int) -> float:
        """The same over the second half of the outputs: a JVM is warm by then.

        Where that half took less than two seconds, in which two commits may fall, or fifty: the whole.
        """
        total = self.series[-1][1]
        half, count = next(point for point in self.series if point[1] >= total / 2)
        lasted = self.end - half
        return n * (total - count) / total / lasted if lasted >= _LASTING else self.rate(n)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must come: on `output` so many records, or, when that is None, all inputs committed by `group`."""

    group: str
    inputs: tuple[str, ...]
    output: str
    expected: int | None
    timeout: float = 300.0


async def drained(admin: Admin, running: Launched, wanted: Wanted, before: int = 0) -> Drained:
    """Returns when all is done, with more than `before` outputs.

    Raises `BenchError` when the system ends before, or the time is up.
    """
    topics = await admin.describe([*wanted.inputs, wanted.output])
    outputs = [(wanted.output, number) for number in range(topics[wanted.output].partitions)]
    inputs = [(topic, number) for topic in wanted.inputs for number in range(topics[topic].partitions)]
    ends = await admin.ends(inputs)
    series: list[tuple[float, int]] = []
    deadline = time.time() + wanted.timeout
    while time.time() < deadline:
        running.must_run()
        count = sum((await admin.ends(outputs, stable=True)).values())
        if count != (series[-1][1] if series else before):
            series.append((time.time(), count))
        if series and await _is_over(admin, wanted, ends, series[-1]):
            return Drained(min(running.mark("first") or series[0][0], series[0][0]), tuple(series))
        await asyncio.sleep(_POLL)
    raise BenchError(f"not done in {wanted.timeout:g} s, {series[-1:]} of {wanted.expected}: {running.log_tail()}")


async def _is_over(admin: Admin, wanted: Wanted, ends: dict[tuple[str, int], int], last: tuple[float, int]) -> bool:
    if wanted.expected is not None:
        return last[1] >= wanted.expected
    return time.time() - last[0] > _STILL and await is_committed(admin, wanted.group, ends)


async def is_committed(admin: Admin, group: str, ends: dict[tuple[str, int], int]) -> bool:
    """Whether a group has committed up to `ends`, and up to the end of all else it reads."""
    committed = await admin.committed(group)
    inner = [at for at in committed if at not in ends]
    goals = {**ends, **(await admin.ends(inner))}
    return all(committed.get(at, (0, ""))[0] >= end for at, end in goals.items() if end)
