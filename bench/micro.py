"""Micro-benchmarks of the pure engine: CPU time per record of one operator, or one format, without Kafka and disk.

Rows are kept by commit in a JSON file, so that a slow change shows. A sample is one pass over the same records; the
least of several is the steadiest figure on a busy machine (pyperf would start a process for each, and take minutes).
"""

from __future__ import annotations

import gc
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.data import Dataset, Row, events, orders, users
from bench.workloads import WORKLOADS
from bench.workloads.topics import Topics
from bench.workloads.values import Event
from streamapp import Topic, Topology, hopping, sliding, stream
from streamapp.engine.plan import plan
from streamapp.engine.task import Task
from streamapp.formats import codec_for
from streamapp.state import Identity, Position, TaskState

RECORDS = 40_000
SAMPLES = 7
_SLICE = 5_000
_COMMIT = 20_000
"""Records between two commits."""
_BASE = 1_700_000_000_000
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Figure:
    """CPU microseconds per record: the least and the middle of several passes."""

    name: str
    least: float
    middle: float


def figures(wanted: Sequence[str] = ()) -> list[Figure]:
    """Every benchmark, or those whose names hold one of `wanted`."""
    made: list[Figure] = []
    for name, passing in {**_operators(), **_formats()}.items():
        if not wanted or any(one in name for one in wanted):
            made.append(_figure(name, passing))
    return made


def _figure(name: str, passing: Callable[[], int]) -> Figure:
    passing()  # warm: caches of code and keys
    samples = []
    for _ in range(SAMPLES):
        gc.collect()
        began = time.process_time()
        count = passing()
        samples.append((time.process_time() - began) / count * 1e6)
    return Figure(name, min(samples), median(samples))


# -- operators -----------------------------------------------------------------------------------------------------


def _operators() -> dict[str, Callable[[], int]]:
    dataset = Dataset("events", RECORDS)
    rows = list(events(dataset, _BASE, {}))
    passes = {f"operator {name}": _drive(workload, dataset, rows) for name, workload in _OPERATORS.items()}
    known = list(users(Dataset("users", 10_000), _BASE, {}))
    passes["operator stream-table-join"] = _drive(WORKLOADS["W5"], dataset, known + rows)
    paid = Dataset("orders", RECORDS)
    joined = sorted(orders(paid, _BASE, {}), key=lambda row: row[1])
    passes["operator stream-stream-join"] = _drive(WORKLOADS["W6"], paid, joined)
    return passes


def _windowed(windows: Any) -> Callable[[str, Topics], Topology]:
    def topology(name: str, topics: Topics) -> Topology:
        grouped = stream(Topic(topics.inputs[0], key=str, value=Event)).group_by_key()
        return Topology(name, grouped.windowed_by(windows).count("counts"))

    return topology


def _mapped(name: str, topics: Topics) -> Topology:
    events_ = stream(Topic(topics.inputs[0], key=str, value=Event))
    return Topology(name, events_.map_values(lambda event: event).to(Topic(topics.output, key=str, value=Event)))


_OPERATORS: dict[str, Callable[[str, Topics], Topology]] = {
    "filter": WORKLOADS["W1"],
    "map-values": _mapped,
    "count": WORKLOADS["W2"],
    "count-cached": WORKLOADS["W2c"],
    "tumbling": WORKLOADS["W3"],
    "hopping": _windowed(hopping(60_000, advance=20_000)),
    "sliding": _windowed(sliding(60_000)),
    "session": WORKLOADS["W7"],
}


def _drive(workload: Callable[[str, Topics], Topology], dataset: Dataset, rows: Sequence[Row]) -> Callable[[], int]:
    """One task of a new state in memory takes all records, in runs of one topic, and commits now and then."""
    subtopologies = plan(workload("micro", Topics(dataset.topics, "out")), codec_for).subtopologies
    runs = _runs(rows)

    def passing() -> int:
        state = TaskState.open(None, subtopologies[0].stores, Identity())
        task = Task(subtopologies[0], 0, state.stores, application="micro")
        since = 0
        for topic, run in runs:
            task.process(topic, run)
            since += len(run)
            if since >= _COMMIT:
                since = 0
                _commit(task, state)
        _commit(task, state)
        if task.dead_letters:
            raise AssertionError(f"{workload} has refused records: {task.dead_letters[0]}")
        return len(rows)

    return passing


def _commit(task: Task, state: TaskState) -> None:
    task.flush()
    task.take_outputs()
    task.expire()
    state.changes()
    state.commit(Position())


def _runs(rows: Sequence[Row]) -> list[tuple[str, list[Any]]]:
    runs: list[tuple[str, list[Any]]] = []
    for offset, (topic, timestamp, key, value) in enumerate(rows):
        if not runs or runs[-1][0] != topic or len(runs[-1][1]) == _SLICE:
            runs.append((topic, []))
        runs[-1][1].append((offset, timestamp, key, value, ()))
    return runs


# -- formats -------------------------------------------------------------------------------------------------------


def _formats() -> dict[str, Callable[[], int]]:
    data = [value for *_, value in events(Dataset("events", RECORDS), _BASE, {})]
    texts = [b"u%06d" % number for number in range(RECORDS)]
    passes: dict[str, Callable[[], int]] = {}
    kinds: list[tuple[str, Any, list[bytes]]] = [
        ("json-struct", Event, data),
        ("json-dict", dict, data),
        ("text", str, texts),
        ("raw", bytes, data),
    ]
    for name, type_, encoded in kinds:
        codec = codec_for(type_)
        values = [codec.decode(one) for one in encoded]
        passes[f"format {name} decode"] = _each(codec.decode, encoded)
        passes[f"format {name} encode"] = _each(codec.encode, values)
    return passes


def _each(function: Callable[[Any], Any], arguments: Sequence[Any]) -> Callable[[], int]:
    def passing() -> int:
        for one in arguments:
            function(one)
        return len(arguments)

    return passing


# -- the file ------------------------------------------------------------------------------------------------------


def keep(made: Sequence[Figure], file: Path) -> dict[str, dict[str, float]]:
    """Adds the figures to the file under the commit of this clone; gives those of the commit before in the file."""
    kept: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    commit = _commit_name()
    before: dict[str, dict[str, float]] = next(
        (row["figures"] for name, row in reversed(kept.items()) if name != commit), {}
    )
    row = {one.name: {"least_us": round(one.least, 4), "middle_us": round(one.middle, 4)} for one in made}
    kept.pop(commit, None)
    kept[commit] = {"at": int(time.time()), "figures": row}
    file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return before


def _commit_name() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")


def table(made: Sequence[Figure], before: dict[str, dict[str, float]]) -> str:
    """For people; with the change since the commit before, where there is one."""
    lines = [f"{'':36}{'least us':>10}{'middle':>10}{'records/s':>14}  against the commit before"]
    for one in made:
        old = before.get(one.name, {}).get("least_us")
        change = f"{one.least / old - 1:+.0%}" if old else ""
        lines.append(f"{one.name:36}{one.least:10.3f}{one.middle:10.3f}{1e6 / one.least:14,.0f}  {change}".rstrip())
    return "\n".join(lines)
