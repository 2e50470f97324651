"""What a rate depends on: keys, window size, partitions, record size, topologies and processes, one at a time.

Each series drains W2 (W3 for windows) in turn, round after round; the rate of a point is the middle one. Knows
nothing of goals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from bench.data import Dataset
from bench.drains import Drains
from bench.measure import Measured
from bench.systems import streamapp

BUDGET = 256 * 1024 * 1024
"""Bytes of RocksDB's memory in the series of keys, half of it for the cache and half for write buffers."""
_HALF = str(BUDGET // 2)

Point = tuple[str, tuple[str, ...], Dataset]
"""Workload, more options of ours, data."""


def series(n: int) -> Mapping[str, Mapping[str, Point]]:
    """The points of each series, by what varies."""
    memory = ("--cache-bytes", _HALF, "--write-buffer-bytes", _HALF)
    usual = Dataset("events", n)
    return {
        "keys": {
            f"{keys:,}": ("W2", memory, Dataset("events", n, keys, 1.0)) for keys in (10**3, 10**4, 10**5, 10**6, 10**7)
        },
        "windows": {name: (name, (), usual) for name in ("W3-1h", "W3", "W3-1s")},
        "partitions": {f"{count}": ("W2", (), Dataset("events", n, partitions=count)) for count in (1, 4, 16, 64)},
        "record bytes": {
            f"{padding + 166}": ("W2", (), Dataset("events", n * 186 // (padding + 166), padding=padding))
            for padding in (20, 334, 1_834, 9_834)
        },
        "topologies": {f"{count}": ("W2", ("--topologies", f"{count}"), usual) for count in (1, 2, 4)},
        "processes": {f"{count}": ("W2", ("--processes", f"{count}"), usual) for count in (1, 2, 4)},
    }


async def costs(drains: Drains, name: str, n: int, rounds: int, say: Callable[[str], object]) -> list[dict[str, Any]]:
    """A row for each point of one series; `ratio` is the rate over that of the first point, of the same round."""
    points = series(n)[name]
    runs: dict[str, list[Measured]] = {point: [] for point in points}
    for _ in range(rounds):
        for point, (workload, options, dataset) in points.items():
            one = await drains.once(streamapp("exactly_once", 1.0, *options), workload, dataset)
            runs[point].append(one)
            say(f"{name} {point}: {one.rate:,.0f}/s, {one.cpu_us:.1f} us, {one.rss_mb:.0f} MB")
    first = next(iter(runs.values()))
    return [
        {
            "measure": name,
            "point": point,
            "workload": points[point][0],
            "n": points[point][2].n,
            "rate": round(median(one.rate for one in found)),
            "cpu_us_per_event": round(median(one.cpu_us for one in found), 2),
            "rss_mb": round(max(one.rss_mb for one in found)),
            "ratio": round(median(one.rate / base.rate for one, base in zip(found, first, strict=True)), 2),
        }
        for point, found in runs.items()
    ]
