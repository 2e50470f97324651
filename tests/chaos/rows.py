"""The result of a fault: the row that is printed, and what a fault tells about itself. Knows nothing of faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.chaos.checking import Findings


@dataclass
class Outcome:
    """What a fault has done and found: how often it happened, over how many events, and how fast work went on."""

    injected: int = 0
    """Faults that are proven to have happened in the middle of the work."""
    wanted: int = 1
    """Fewer than these are too few to tell anything."""
    expected: int = 0
    """Events that must be in the results."""
    findings: Findings = field(default_factory=Findings)
    recovery_s: float = 0.0
    """The longest time from a fault to the next commit of anybody (s)."""
    broken: list[str] = field(default_factory=list)
    """What else was promised and did not hold."""

    @property
    def ok(self) -> bool:
        """It happened often enough, and everything held."""
        return self.injected >= max(1, self.wanted) and self.findings.clean and not self.broken

    @property
    def why(self) -> str:
        """What is not right, empty when all is."""
        few = [f"it happened {self.injected} times, not {max(1, self.wanted)}"] if self.injected < self.wanted else []
        if not self.injected and not few:
            few = ["it never happened"]
        return "; ".join([*few, *self.broken, *self.findings.wrong])

    def recovered(self, seconds: float) -> None:
        """Notes how long it took until work went on."""
        self.recovery_s = max(self.recovery_s, seconds)


def row(fault: str, seed: int, outcome: Outcome) -> dict[str, Any]:
    """One line of the result, with `why` where it is not ok."""
    values = {
        "fault": fault,
        "seed": seed,
        "injected": outcome.injected,
        "expected": outcome.expected,
        "lost": outcome.findings.lost,
        "doubled": outcome.findings.doubled + outcome.findings.repeated,
        "recovery_s": round(outcome.recovery_s, 1),
        "ok": outcome.ok,
    }
    return values if outcome.ok else values | {"why": outcome.why}
