"""Compares what a run has left with what must be there: outputs, stores, changelogs, committed offsets.

Knows nothing of how it came about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from streamapp.engine.source_log import taken
from streamapp.engine.specs import Plan
from streamapp.state import Identity, TaskState
from streamapp.testing.simulator.cluster import SimulatedCluster
from streamapp.testing.simulator.oracle import At, Expected, Result, Rows, rows_of
from streamapp.testing.simulator.shapes import Check
from streamapp.worker.names import Names
from streamapp.worker.running import RunningTask

_SHOWN = 3
"""Differences that are told of one place."""


class Checker:
    """What must be true at the end; every method gives what is not, in words."""

    def __init__(
        self,
        plan: Plan,
        names: Names,
        cluster: SimulatedCluster,
        expected: Expected,
        check: Check,
        *,
        exactly_once: bool,
    ) -> None:
        self._plan = plan
        self._names = names
        self._cluster = cluster
        self._expected = expected
        self._check = check
        self._exactly_once = exactly_once

    def outputs(self) -> Iterator[str]:
        """The records that readers of committed records see."""
        topics = {sink.topic for sub in self._plan.subtopologies for sink in sub.sinks if not sink.internal}
        for at in sorted(at for at in self._cluster.logs if at[0] in topics):
            found: list[Result] = [row[1:4] for row in self._cluster.logs[at].all()]
            yield from self._compared(at, found, self._expected.outputs.get(at, []))

    def _compared(self, at: At, found: Sequence[Result], wanted: Sequence[Result]) -> Iterator[str]:
        where = f"outputs of {at[0]}-{at[1]}"
        if self._check == "exact" and self._exactly_once:
            if found != wanted:
                yield f"{where}: {_first_difference(found, wanted)}"
        elif self._check == "exact":
            yield from _differences(where, dict.fromkeys(found), dict.fromkeys(wanted))
        else:
            if self._check == "steps" and self._exactly_once:
                yield from _differences(f"number of {where}", Counter(_keys(found)), Counter(_keys(wanted)))
            if self._check == "last":
                yield from _differences(f"last of {where}", _values(found), _values(wanted))
            elif self._exactly_once:
                yield from _differences(f"last of {where}", _last(found), _last(wanted))

    def idle(self, tasks: Iterable[RunningTask]) -> Iterator[str]:
        """Tasks that run nowhere, or in two places."""
        open_tasks = Counter(task.id for task in tasks)
        for number, partition in self._expected.stores:
            if open_tasks[number, partition] != 1:
                yield f"task {number}_{partition} runs in {open_tasks[number, partition]} places"

    def stores(self, tasks: Iterable[RunningTask]) -> Iterator[str]:
        """The stores of open tasks, and what a restore from the log alone would give."""
        open_tasks = {task.id: task for task in tasks}
        for task_id, stores in self._expected.stores.items():
            if not self._exactly_once and self._follows_repartition(task_id[0]):
                continue  # its input may have come twice
            if task_id not in open_tasks:
                continue
            for store, wanted in stores.items():
                name = f"store {store} of task {task_id[0]}_{task_id[1]}"
                yield from self._compared_rows(name, rows_of(open_tasks[task_id].state, store), wanted)
            yield from self._logs(task_id, stores)

    def _follows_repartition(self, number: int) -> bool:
        return self._check == "steps" and any(source.internal for source in self._plan.subtopologies[number].sources)

    def _logs(self, task_id: tuple[int, int], stores: Mapping[str, Rows]) -> Iterator[str]:
        number, partition = task_id
        specs = self._plan.subtopologies[number].stores
        state = TaskState.open(None, specs, Identity())
        for spec in specs:
            topic = self._names.changelog(spec.name) if spec.log == "changelog" else str(spec.source_topic)
            log = self._cluster.logs[topic, partition]
            state.restore(spec.name, taken(spec, log.all()), log.end)
            name = f"log of store {spec.name} of task {number}_{partition}"
            yield from self._compared_rows(name, rows_of(state, spec.name), stores[spec.name])
        state.close()

    def _compared_rows(self, name: str, found: Rows, wanted: Rows) -> Iterator[str]:
        if self._check == "last":
            yield from _differences(name, _only_values(found), _only_values(wanted))
        else:
            yield from _differences(name, found, wanted)

    def offsets(self) -> Iterator[str]:
        """Everything is committed, and nothing more."""
        for at, end in self.ends().items():
            committed = self._cluster.group.offsets.get(at, (0, ""))[0]
            if committed != end:
                yield f"{at[0]}-{at[1]}: committed up to {committed} of {end}"

    def ends(self) -> Mapping[At, int]:
        """Where each source partition ends."""
        topics = {
            self._names.internal(source.topic) if source.internal else source.topic
            for sub in self._plan.subtopologies
            for source in sub.sources
        }
        return {at: log.end for at, log in sorted(self._cluster.logs.items()) if at[0] in topics}


def _keys(results: Sequence[Result]) -> list[bytes | None]:
    return [key for _, key, _ in results]


def _only_values(rows: Rows) -> dict[object, object]:
    return {key: value for key, (value, _) in rows.items()}


def _last(results: Sequence[Result]) -> dict[bytes | None, Result]:
    return {result[1]: result for result in results}


def _values(results: Sequence[Result]) -> dict[bytes | None, bytes]:
    """What a table of them would hold; when each was written depends on the order between tasks."""
    return {key: value for key, (_, _, value) in _last(results).items() if value is not None}


def _first_difference(found: Sequence[Result], wanted: Sequence[Result]) -> str:
    for index, (one, other) in enumerate(zip(found, wanted, strict=False)):
        if one != other:
            return f"number {index} is {one}, must be {other}; {len(found)} in all, must be {len(wanted)}"
    return f"{len(found)} in all, must be {len(wanted)}"


def _differences(where: str, found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> Iterator[str]:
    if found == wanted:
        return
    missing = object()
    different = [key for key in {**found, **wanted} if found.get(key, missing) != wanted.get(key, missing)]
    shown = "; ".join(
        f"{key!r} is {found.get(key, 'missing')}, must be {wanted.get(key, 'missing')}" for key in different[:_SHOWN]
    )
    yield f"{where}: {shown}{' …' if len(different) > _SHOWN else ''}"
