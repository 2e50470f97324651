"""What a system under test is seen to do from outside: its marks on stdout, its CPU time and memory in `/proc`.

A system is a process and all its children. Knows nothing of Kafka.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.trouble import BenchError

_TICKS = os.sysconf("SC_CLK_TCK")
_INTERVAL = 0.05
"""Seconds between two samples."""


class Meter(threading.Thread):
    """Samples CPU seconds (user and system) and peak resident memory (MB) of a process tree until `stop`."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self._pid = pid
        self._times: list[float] = []
        self._cpu: list[float] = []
        self._memory: dict[int, float] = {}
        self._done = threading.Event()
        self._sample()
        self.start()

    def run(self) -> None:
        """Samples until it is told to stop."""
        while not self._done.wait(_INTERVAL):
            self._sample()

    def stop(self) -> None:
        """Takes a last sample."""
        self._done.set()
        self.join()
        self._sample()

    def between(self, start: float, end: float) -> float:
        """CPU seconds used from one time (UNIX seconds) to another."""
        return self._at(end) - self._at(start)

    def _at(self, when: float) -> float:
        place = bisect_right(self._times, when)
        if place in {0, len(self._times)}:
            return self._cpu[min(place, len(self._cpu) - 1)]
        before, after = self._times[place - 1], self._times[place]
        share = (when - before) / (after - before)
        return self._cpu[place - 1] + share * (self._cpu[place] - self._cpu[place - 1])

    def _sample(self) -> None:
        cpu = 0.0
        for pid in tree(self._pid):
            cpu += _cpu_seconds(pid)
            self._memory[pid] = max(self._memory.get(pid, 0.0), _peak_mb(pid))
        self._times.append(time.time())
        self._cpu.append(max(cpu, self._cpu[-1] if self._cpu else 0.0))  # an ended child takes its time with it
        self.peak = sum(self._memory.values())


def tree(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    try:
        children = [
            child
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text(encoding="ascii").split()
        ]
    except OSError:  # it has ended
        return
    for child in children:
        yield from tree(int(child))


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS  # user and system, with children that were waited for


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


class Launched:
    """A running system; what it prints goes to `log`, its lines `BENCH name … UNIXTIME` to `marks` too."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.marks: list[tuple[str, float]] = []
        self.log = log
        self.started = time.time()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self.meter = Meter(self.process.pid)
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def mark(self, name: str) -> float | None:
        """When (UNIX seconds) it first said so."""
        return next((when for mark, when in self.marks if mark == name), None)

    def last_mark(self, name: str) -> float | None:
        """When (UNIX seconds) it last said so."""
        return next((when for mark, when in reversed(self.marks) if mark == name), None)

    def must_run(self) -> None:
        """Raises `BenchError` with the end of its log when it has ended."""
        code = self.process.poll()
        if code is not None:
            self._reader.join(2)
            raise BenchError(f"{self.process.args!r} ended with {code}: {self.log_tail()}")

    def log_tail(self) -> str:
        """The last lines it printed."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])

    def stop(self, patience: float = 30.0) -> int:
        """SIGTERM, and SIGKILL for all of it after so many seconds; gives the exit code."""
        self.meter.stop()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """SIGKILL for the whole tree."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _read(self, stdout: Iterable[str]) -> None:
        with self.log.open("w", encoding="utf-8") as log:
            for line in stdout:
                words = line.split()
                if len(words) > 2 and words[0] == "BENCH":
                    self.marks.append((words[1], float(words[-1])))
                log.write(line)
                log.flush()
