"""The pulse tells how long the whole process stood still."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from streamapp.worker.pulse import Pulse

PROGRAM = """
import sys, time
from streamapp.worker.pulse import Pulse
with Pulse(0.05) as pulse:
    print("beats", flush=True)
    sys.stdin.readline()
    print(pulse.longest, flush=True)
"""


@pytest.mark.parametrize(("beats", "longest"), [([0.5, 1.0, 1.5], 0.0), ([0.5, 4.0, 4.5], 3.0), ([0.5, 0.6], 0.0)])
def test_a_missed_beat_is_a_pause(beats: list[float], longest: float) -> None:
    """The longest pause counts, less the time between two beats."""
    pulse = Pulse(0.5)
    start = time.monotonic()
    for beat in beats:
        pulse.note(start + beat)
    assert pulse.longest == pytest.approx(longest, abs=0.05)


def test_a_process_that_was_stopped_knows() -> None:
    """Whichever thread runs first afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "beats\n"
    process.send_signal(signal.SIGSTOP)
    process.stdin.write("\n")
    process.stdin.flush()
    time.sleep(1.5)  # the time is what is measured
    process.send_signal(signal.SIGCONT)
    assert float(process.stdout.readline()) > 1
    assert process.wait(30) == 0
