"""Least, middle and greatest of several measurements, and ratios of those made side by side."""

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
