"""The topologies that are run, each with its input and with what must be true of its results.

Knows nothing of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Literal

from streamapp.dsl.join_windows import join_windows
from streamapp.dsl.stream import stream
from streamapp.dsl.suppression import until_window_closes
from streamapp.dsl.table import table
from streamapp.dsl.topic import Topic
from streamapp.dsl.topology import Topology
from streamapp.dsl.windows import Windowed, tumbling
from streamapp.engine.plan import plan
from streamapp.engine.specs import Plan
from streamapp.formats import codec_for

Input = tuple[int, bytes | None, bytes | None]
"""A record of an input topic: timestamp (ms), key, value."""

Check = Literal["exact", "steps", "last"]
"""Of the outputs: the same in each partition and order; as many of each key, and the same last; the same last."""

SECOND = 1_000

EVENTS = Topic("events", key=str, value=int)
RIGHT = Topic("right", key=str, value=int)
RESULTS = Topic("results", key=str, value=int)
CLOSED = Topic("closed", key=Windowed[str], value=int)
ROWS = Topic("rows", key=str, value=str)
OTHERS = Topic("others", key=str, value=str)
JOINED = Topic("joined", key=str, value=str)


@dataclass(frozen=True)
class Shape:
    """A topology and how it is fed; `live` inputs come while it runs, the others are there before."""

    topology: Topology
    inputs: Mapping[str, Callable[[Random, int], list[Input]]]
    check: Check
    live: bool = True
    tables: frozenset[str] = frozenset()
    """The inputs that are compacted."""

    @property
    def plan(self) -> Plan:
        """The topology, compiled."""
        return _planned(self.topology)


@cache
def _planned(topology: Topology) -> Plan:
    return plan(topology, codec_for)


def _in_order(so_far: int, value: int) -> int:
    """Differs for every order of values, and for a value that is missing or there twice."""
    return (so_far * 31 + value) % 1_000_003


def _in_any_order(so_far: int, value: int) -> int:
    """The number of values and their sum."""
    return so_far + 1_000_000 + value


def _group(value: int) -> str:
    return f"g{value % 5}"


def _foreign(value: str) -> str:
    return value.partition(":")[0]


def _both(left: str, right: str) -> str:
    return f"{left}+{right}"


def _product(left: int, right: int) -> int:
    return left * 10_007 + right


def _either(left: int, right: int | None) -> int:
    return left * 10_007 + (right or 0)


def _numbers(random: Random, count: int) -> list[Input]:
    """Records of a few keys, mostly in the order of their times, some of them late."""
    records: list[Input] = []
    now = 0
    for number in range(1, count + 1):
        now += random.randint(0, 1_200)
        late = random.randint(0, 9_000) if random.random() < 0.1 else 0
        records.append((max(0, now - late), f"k{random.randrange(6)}".encode(), str(number).encode()))
    return records


def _rows(random: Random, count: int) -> list[Input]:
    """Rows that change, each with the key of another.

    None goes: the answer to a deletion is taken for an old one when the row is there again before it comes, and an
    inner join then asks for an answer only where there is a row (KIP-213), so the old result may stay.
    """
    return [
        (number * 100, f"k{random.randrange(8)}".encode(), f"o{random.randrange(4)}:{number}".encode())
        for number in range(count)
    ]


def _others(random: Random, count: int) -> list[Input]:
    """The rows that those refer to."""
    return [
        (number * 130, f"o{random.randrange(4)}".encode(), None if random.random() < 0.1 else f"v{number}".encode())
        for number in range(count // 3)
    ]


_updates = stream(EVENTS).group_by_key().aggregate(int, _in_order, "updates")

_windows = (
    stream(EVENTS)
    .group_by_key()
    .windowed_by(tumbling(5 * SECOND, grace=3 * SECOND))
    .aggregate(int, _in_order, "per-window")
    .suppress(until_window_closes(), "closed")
)

_by_group = stream(EVENTS).group_by(_group, "by-group").aggregate(int, _in_any_order, "per-group")

_near = join_windows(4 * SECOND, grace=6 * SECOND)

SHAPES: Mapping[str, Shape] = {
    "updates": Shape(Topology("updates", _updates.to_stream().to(RESULTS)), {"events": _numbers}, "exact"),
    "windows": Shape(
        Topology("windows", _windows.to_stream().to(CLOSED)),
        {"events": _numbers},
        "exact",
    ),
    "groups": Shape(Topology("groups", _by_group.to_stream().to(RESULTS)), {"events": _numbers}, "steps"),
    "pairs": Shape(
        Topology("pairs", stream(EVENTS).join(stream(RIGHT), _product, "pairs", within=_near).to(RESULTS)),
        {"events": _numbers, "right": _numbers},
        "exact",
        live=False,
    ),
    "unmatched": Shape(
        Topology("unmatched", stream(EVENTS).left_join(stream(RIGHT), _either, "pairs", within=_near).to(RESULTS)),
        {"events": _numbers, "right": _numbers},
        "exact",
        live=False,
    ),
    "foreign": Shape(
        Topology(
            "foreign",
            table(ROWS, "rows")
            .join(table(OTHERS, "others"), _both, "both", foreign_key=_foreign)
            .to_stream()
            .to(JOINED),
        ),
        {"rows": _rows, "others": _others},
        "last",
        tables=frozenset({"rows", "others"}),
    ),
}
"""By name."""
