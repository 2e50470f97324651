"""Which topics a workload reads and writes, as the launcher was told. Knows nothing of clusters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """One input, or orders and payments for W6; the output; the table of W5."""

    inputs: tuple[str, ...]
    output: str
    table: str = "users"
