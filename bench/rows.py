"""What several rounds say: one row for each workload and system, as JSON and as a table. Knows nothing of goals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bench.measure import Measured
from bench.spread import ratios, spread
from bench.systems import System


def rows(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """One row for each workload and system, in the order they came.

    `ratio` is the rate over Kafka Streams' warm rate, at least once, of the same round; None without it.
    """
    groups = grouped(measured)
    return [_row(workload, system, runs, groups) for (workload, system), runs in groups.items()]


def grouped(measured: Iterable[Measured]) -> dict[tuple[str, System], list[Measured]]:
    """The rounds of each workload and system."""
    groups: dict[tuple[str, System], list[Measured]] = {}
    for one in measured:
        groups.setdefault((one.workload, one.system), []).append(one)
    return groups


def _row(
    workload: str, system: System, runs: list[Measured], groups: dict[tuple[str, System], list[Measured]]
) -> dict[str, Any]:
    base = baseline(workload, groups)
    return {
        "workload": workload,
        "system": system.name,
        "guarantee": system.guarantee,
        "commit_interval": system.commit,
        "n": runs[0].n,
        "runs": len(runs),
        "rate": _rounded(spread([run.rate for run in runs]), 0),
        "warm_rate": _rounded(spread([run.warm_rate for run in runs]), 0),
        "cpu_us_per_event": _rounded(spread([run.cpu_us for run in runs]), 2),
        "rss_mb": _rounded(spread([run.rss_mb for run in runs]), 0),
        "startup_s": _rounded(spread([run.startup for run in runs]), 2),
        "ratio": _rounded(ratios([run.rate for run in runs], [run.warm_rate for run in base]), 2) if base else None,
    }


def baseline(workload: str, groups: dict[tuple[str, System], list[Measured]]) -> list[Measured] | None:
    """Kafka Streams' rounds of the workload, at least once."""
    return next(
        (
            runs
            for (name, system), runs in groups.items()
            if name == workload and system.name == "kafka-streams" and not system.transactional
        ),
        None,
    )


def _rounded(values: Iterable[float], digits: int) -> list[float]:
    return [round(value, digits) if digits else round(value) for value in values]


def table(made: Iterable[dict[str, Any]]) -> str:
    """The rows for people: least / middle / greatest."""
    lines = [_line("workload", "system", "guarantee", "events", "thousand events/s", "CPU us/event", "MB", "x KS warm")]
    for row in made:
        guarantee = f"{row['guarantee'].replace('_', '-')} {row['commit_interval']:g} s"
        rate = _spread([value / 1000 for value in row["rate"]], 1)
        ratio = _spread(row["ratio"], 2) if row["ratio"] else "-"
        cpu, memory = _spread(row["cpu_us_per_event"], 1), _spread(row["rss_mb"], 0)
        lines.append(_line(row["workload"], row["system"], guarantee, f"{row['n']:,}", rate, cpu, memory, ratio))
    return "\n".join(lines)


def _spread(values: Sequence[float], digits: int) -> str:
    shown = [f"{value:.{digits}f}" for value in values]
    return shown[0] if len(set(shown)) == 1 else " / ".join(shown)


def _line(*cells: str) -> str:
    widths = (9, 14, 20, 10, 24, 20, 18, 20)
    return "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
