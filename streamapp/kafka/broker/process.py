"""A process by its id and the moment it began: one that later got the same id is never taken for it.

Knows nothing of what runs in it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_ZOMBIE = "Z"


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine; `began` is text to compare, without a unit."""

    pid: int
    began: str

    @classmethod
    def find(cls, pid: int) -> Process | None:
        """The process that has this id now, None when there is none or it has ended."""
        began = _began_proc(pid) if _PROC.joinpath("self", "stat").exists() else _began_ps(pid)
        return cls(pid, began) if began else None

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return Process.find(self.pid) == self

    def stop(self, patience: float) -> bool:
        """Asks it to end, and kills it after `patience` seconds; blocks until it has ended.

        Gives whether it ended by itself. Does nothing to another process that got its id.
        """
        if self._signal(signal.SIGTERM) and not self._ended(patience):
            self._signal(signal.SIGKILL)
            self._ended(patience)
            return False
        return True

    def _signal(self, number: signal.Signals) -> bool:
        if not self.alive:
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def _ended(self, within: float) -> bool:
        deadline = time.monotonic() + within
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def _began_proc(pid: int) -> str | None:
    """Clock ticks since boot, with the boot: a pid and its ticks may come again after the next one."""
    try:
        text = _PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
        boot = _PROC.joinpath("sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return None if fields[0] == _ZOMBIE else f"{boot}:{fields[19]}"


def _began_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    state, _, began = done.stdout.strip().partition(" ")
    return None if done.returncode or state.startswith(_ZOMBIE) else began.strip() or None
