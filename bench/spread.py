"""Least, middle and greatest of several measurements, ratios of those made side by side, and percentiles."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TypeAlias

Spread: TypeAlias = tuple[float, float, float]
"""Least, middle, greatest."""


def spread(values: Sequence[float]) -> Spread:
    """Raises `ValueError` when there are none."""
    if not values:
        raise ValueError("no measurements")
    return min(values), median(values), max(values)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Each of ours over theirs of the same round.

    What disturbs the machine for longer than a round disturbs both. Raises `ValueError` for unequal numbers.
    """
    return spread([one / other for one, other in zip(ours, theirs, strict=True)])


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p99 and the greatest of ms, to a tenth."""
    ordered = sorted(values)
    return {
        name: round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)
        for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1.0))
    }
