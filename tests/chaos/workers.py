"""Worker processes of a scene: started, watched, killed. Knows nothing of what they process."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds anything may take on a busy machine, unless the fault says how long."""


class NotWithinError(AssertionError):
    """Something did not happen in time."""


async def until(condition: Callable[[], Awaitable[bool]], what: str, within: float = PATIENCE) -> float:
    """Polls until the condition holds, and gives the seconds it took; raises `NotWithinError`."""
    began = time.monotonic()
    while not await condition():
        if time.monotonic() - began > within:
            raise NotWithinError(f"not within {within:.0f} s: {what}")
        await asyncio.sleep(0.02)
    return time.monotonic() - began


@dataclass
class Worker:
    """One process; its output is in files of its own."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self.err.read_text(encoding="utf-8", errors="replace")

    @property
    def is_ready(self) -> bool:
        """Whether it has said that it works."""
        return '"ready": true' in self.out.read_text(encoding="utf-8")

    @property
    def code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self.process.poll()

    async def ready(self) -> None:
        """Waits until it works; raises when it ends before."""
        await until(self._ready_or_gone, f"a worker that is ready; its log:\n{self.log[-2000:]}")
        if not self.is_ready:
            raise AssertionError(f"a worker ended with {self.code} before it was ready:\n{self.log[-2000:]}")

    async def _ready_or_gone(self) -> bool:
        return self.is_ready or self.code is not None

    async def ended(self, within: float = PATIENCE) -> int:
        """Waits until it has ended, and gives its exit code."""
        await until(self._gone, f"the end of a worker; its log:\n{self.log[-2000:]}", within)
        return self.process.returncode

    async def _gone(self) -> bool:
        return self.code is not None

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, if it still runs."""
        if self.code is None:
            self.process.send_signal(number)

    def kill(self) -> bool:
        """SIGKILL; gives whether it died of that."""
        self.send(signal.SIGKILL)
        return self.process.wait() == -signal.SIGKILL


def start_worker(
    arguments: list[str], environment: dict[str, str], folder: Path, name: str, *, file_size: int | None = None
) -> Worker:
    """Starts `streamapp …`; `file_size`: bytes no file of it may exceed (RLIMIT_FSIZE)."""
    out, err = folder / f"{name}.out", folder / f"{name}.log"

    def limit() -> None:
        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, resource.RLIM_INFINITY))

    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamapp", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=ROOT,
            env=os.environ | environment,
            preexec_fn=limit,
        )
    return Worker(process, out, err)
