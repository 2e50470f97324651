"""SIGTERM ends a live run in good order."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from streamapp.testing.conformance.live.ending import CODE

PROGRAM = """
import asyncio, signal
from streamapp.testing.conformance.live.ending import Ending

async def wait():
    try:
        {inside}
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)  # what else runs in the loop is not cancelled
        print("cleaned up", flush=True)

with Ending() as ending:
    try:
        {outside}
        ending.run(wait())
    finally:
        print("left", flush=True)
"""

READY = "print('ready', flush=True)"


@pytest.mark.parametrize(
    ("inside", "outside", "printed"),
    [
        (READY, "pass", "cleaned up\nleft\n"),
        ("pass", f"{READY}; signal.pause()", "left\n"),
    ],
)
def test_sigterm_lets_everything_be_cleaned_up(inside: str, outside: str, printed: str) -> None:
    """Inside the event loop and outside; the exit code is that of SIGTERM."""
    program = PROGRAM.format(inside=inside, outside=outside)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[0] == printed
    assert process.returncode == CODE == 143
