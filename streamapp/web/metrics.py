"""The topologies' numbers for Prometheus, in its text format 0.0.4.

Knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from streamapp.web.counters import COUNTERS
from streamapp.web.runtime import State
from streamapp.web.status import Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[dict[str, str], float]


def exposition(topologies: Sequence[Status]) -> str:
    """All metrics of all topologies."""
    lines: list[str] = []
    for counter in COUNTERS:
        samples = [({"topology": one.name}, one.counters[counter.name]) for one in topologies]
        lines += _family(counter.metric, "counter", f"{counter.help}.", samples)
    lag = [({"topology": one.name, "task": task.id}, float(task.lag)) for one in topologies for task in one.tasks]
    lines += _family("streamapp_lag_records", "gauge", "Records not processed yet, of the tasks in this process.", lag)
    tasks = [({"topology": one.name}, float(len(one.tasks))) for one in topologies]
    lines += _family("streamapp_tasks", "gauge", "Tasks in this process.", tasks)
    lines += _restores(topologies)
    behind = [
        ({"topology": one.name, "task": standby.task, "store": standby.store}, float(standby.behind))
        for one in topologies
        for standby in one.standbys
    ]
    lines += _family(
        "streamapp_standby_behind_offsets", "gauge", "Offsets of its log a store lacks that is followed here.", behind
    )
    states = [
        ({"topology": one.name, "state": state}, float(one.state == state))
        for one in topologies
        for state in get_args(State)
    ]
    lines += _family("streamapp_topology_state", "gauge", "1 for the state a topology is in, else 0.", states)
    return "\n".join(lines) + "\n"


def _restores(topologies: Sequence[Status]) -> list[str]:
    """Of each store that is being restored; nothing of those that are complete."""
    found = [
        ({"topology": one.name, "task": restore.task, "store": restore.store}, restore)
        for one in topologies
        for restore in one.restores
    ]
    left = [(labels, float(restore.left)) for labels, restore in found]
    rate = [(labels, restore.rate) for labels, restore in found]
    return [
        *_family(
            "streamapp_restore_left_offsets", "gauge", "Offsets of its log a store lacks while it is restored.", left
        ),
        *_family("streamapp_restore_records_per_second", "gauge", "How fast a store is restored.", rate),
    ]


def _family(name: str, kind: str, help_: str, samples: Iterable[Sample]) -> list[str]:
    head = [f"# HELP {name} {help_}", f"# TYPE {name} {kind}"]
    return head + [f"{name}{{{_labels(labels)}}} {_value(value)}" for labels, value in samples]


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _value(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
