"""What a topology counts, by the names that pages, JSON and Prometheus share.

Knows nothing of where the numbers come from.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counter:
    """A number that only grows while the process lives."""

    name: str
    help: str
    metric: str
    """Its name in Prometheus."""


COUNTERS = (
    Counter("records_in", "Records processed", "streamapp_records_in_total"),
    Counter("records_out", "Records written to output and repartition topics", "streamapp_records_out_total"),
    Counter("late", "Records dropped because their window had closed", "streamapp_late_records_total"),
    Counter("dropped", "Records dropped for a null key or value", "streamapp_dropped_records_total"),
    Counter("dead_letters", "Records that could not be decoded or processed", "streamapp_dead_letters_total"),
    Counter("commits", "Commits that succeeded", "streamapp_commits_total"),
    Counter("aborts", "Commits that were undone and tried again", "streamapp_aborts_total"),
    Counter("commit_seconds", "Time spent in commits, in seconds", "streamapp_commit_seconds_total"),
)

NAMES = tuple(counter.name for counter in COUNTERS)
