"""Slices of ten milliseconds."""

from __future__ import annotations

from streamapp.worker.pace import Pace


def test_it_settles_at_the_measured_rate() -> None:
    """A task that takes 2 us a record gets 5,000 at once."""
    pace = Pace()
    for _ in range(20):
        pace.learn(pace.rows, pace.rows * 2e-6)
    assert pace.rows in {4999, 5000, 5001}


def test_a_slow_slice_counts_at_once() -> None:
    """A function that takes a second per record is called once per slice from then on."""
    pace = Pace()
    pace.learn(pace.rows, float(pace.rows))
    assert pace.rows == 1
