"""Where a worker's CPU time goes: which stage and line was running at each of many moments of CPU time.

A signal of the process's CPU clock interrupts the main thread at every tick of the kernel's, often 4 ms; the innermost
frame that is of a known stage is counted. Work of other threads shows as waiting. Costs next to nothing.
"""

from __future__ import annotations

import json
import linecache
import re
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

_INTERVAL = 0.001
"""Seconds of CPU time between two samples; the kernel rounds up to its tick."""

STAGES = (
    (r"/streamapp/(kafka/(fetcher|consumer|records|handlers|coordinator)|engine/queues)|/aiokafka/consumer/", "fetch"),
    (r"/streamapp/(kafka/(writer|batches|sender|producer\w*)|worker/outputs)|/aiokafka/producer/", "produce"),
    (r"/streamapp/(worker/commit|kafka/transactions|worker/purge)", "commit"),
    (r"/streamapp/(state/|engine/(kept_stores|record_cache|timed_rows))", "state"),
    (r"/streamapp/formats/", "decode"),
    (r"/streamapp/engine/", "operators"),
    (r"/bench/workloads/", "functions"),
    (r"/streamapp/(worker|web|app)", "worker"),
    (r"/aiokafka/", "client"),
    (r"/(asyncio|selectors|mode|faust)", "loop"),
)
"""A pattern of file names, and the stage they are; the first that matches counts."""
_STAGES = tuple((re.compile(pattern), stage) for pattern, stage in STAGES)

Place = tuple[str, int, str]
"""File, line, function."""


class Sampler:
    """Counts places between `start` and `write`."""

    def __init__(self) -> None:
        self._places: Counter[Place] = Counter()
        self._stages: dict[str, str | None] = {}

    def start(self) -> None:
        """Begins; only in the main thread."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)

    def write(self, file: Path) -> None:
        """Ends, and writes the counts as JSON: `[[file, line, function, samples]]`."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        rows = [[*place, count] for place, count in self._places.most_common()]
        file.write_text(json.dumps(rows), encoding="utf-8")

    def _sample(self, number: int, frame: FrameType | None) -> None:
        inner = frame
        while frame is not None and self._stage(frame.f_code.co_filename) is None:
            frame = frame.f_back
        chosen = frame or inner
        if chosen is not None:
            code = chosen.f_code
            self._places[code.co_filename, chosen.f_lineno or 0, code.co_qualname] += 1

    def _stage(self, file: str) -> str | None:
        if file not in self._stages:
            self._stages[file] = next((stage for pattern, stage in _STAGES if pattern.search(file)), None)
        return self._stages[file]


def stage_of(file: str, line: str) -> str:
    """The stage of a line of code, by its file; decoding and encoding are in other stages' files too."""
    stage = next((stage for pattern, stage in _STAGES if pattern.search(file)), "other")
    if stage in {"operators", "state", "produce", "decode"}:
        for word in ("decode", "encode"):
            if re.search(rf"{word}\w*\(", line) and not line.lstrip().startswith("def "):
                return word
    if stage == "loop" and re.search(r"\.poll\(|select\(", line):
        return "threads and waiting"
    return stage


def profile(file: Path, n: int, cpu_us: float) -> str:
    """A table of stages and one of lines, in microseconds per event, `cpu_us` in all, of the counts in `file`."""
    rows = [(path, line, function, count) for path, line, function, count in json.loads(file.read_text("utf-8"))]
    total = sum(count for *_, count in rows) or 1
    each = cpu_us / total
    stages: Counter[str] = Counter()
    for path, line, _, count in rows:
        stages[stage_of(path, linecache.getline(path, line))] += count
    text = [f"{cpu_us:.2f} us per event, of {n:,}; {total:,} samples"]
    text += [f"{count * each:8.2f} us  {count / total:6.1%}  {stage}" for stage, count in stages.most_common()]
    text.append("the lines that take most:")
    text += [
        f"{count * each:8.2f} us  {_short(path)}:{line} {function}: {linecache.getline(path, line).strip()[:90]}"
        for path, line, function, count in rows[:25]
    ]
    return "\n".join(text)


def _short(path: str) -> str:
    return "/".join(Path(path).parts[-2:])
