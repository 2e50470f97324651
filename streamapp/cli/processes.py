"""Several worker processes of one consumer group from one command: starts them, watches them, ends them together.

One that is killed is started again and takes its predecessor's place; one that ends by itself with an error has said
why, and starting it again would not help: then all are stopped, and its exit code is that of the command. Knows
nothing of what a worker does.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streamapp.parent import WATCHED

AGAIN = 5
"""Times within `WITHIN` seconds that processes may be killed before the command gives up."""
WITHIN = 60.0


@dataclass(slots=True)
class _Member:
    """One place among the processes, and the process that has it now."""

    number: int
    process: asyncio.subprocess.Process
    ready: dict[str, object] | None = None
    relay: asyncio.Task[None] | None = field(default=None, repr=False)


class Processes:
    """`count` processes of `command`; `first` is what only the environment of the first has, such as its port."""

    def __init__(
        self, command: Sequence[str], count: int, environment: Mapping[str, str], first: Mapping[str, str]
    ) -> None:
        self._command = command
        self._count = count
        self._environment = {**os.environ, **environment, WATCHED: "1"}
        self._first = first
        self._members: dict[int, _Member] = {}
        self._killed: deque[float] = deque(maxlen=AGAIN)
        self._exit_code = 0
        self._stopping = False
        self._announced = False

    async def run(self) -> int:
        """Runs until all have ended; gives the exit code of the first that failed, or 0.

        SIGTERM and SIGINT are passed on once as SIGTERM, for a last commit.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        watches = {asyncio.create_task(self._watch(number)) for number in range(self._count)}
        await asyncio.gather(*watches)
        return self._exit_code

    def stop(self) -> None:
        """Asks all processes to end in good order."""
        self._stopping = True
        for member in self._members.values():
            if member.process.returncode is None:
                member.process.send_signal(signal.SIGTERM)

    async def _watch(self, number: int) -> None:
        """Keeps one place filled until its process ends by itself, or all are to stop."""
        while not self._stopping:
            member = await self._start(number)
            code = await member.process.wait()
            if member.relay is not None:
                await member.relay
            if code >= 0:
                self._ended(member, code)
                return
            self._was_killed(member, -code)

    async def _start(self, number: int) -> _Member:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            env={**self._environment, **(self._first if number == 0 else {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches this process alone, which passes it on
        )
        member = self._members[number] = _Member(number, process)
        member.relay = asyncio.create_task(self._relay(member))
        if self._stopping:  # it was asked for while this one was being made
            process.send_signal(signal.SIGTERM)
        return member

    async def _relay(self, member: _Member) -> None:
        """Passes on what a process prints, but for the line that says it is ready: that is said once, for all."""
        stdout = member.process.stdout
        while stdout is not None and (line := await stdout.readline()):
            if member.ready is None and line.startswith(b'{"ready": true'):
                member.ready = json.loads(line)
                self._announce()
            else:
                sys.stdout.buffer.write(line)
                sys.stdout.flush()

    def _announce(self) -> None:
        if self._announced or len(self._members) < self._count:
            return
        if all(member.ready for member in self._members.values()):
            self._announced = True
            print(json.dumps(self._members[0].ready), flush=True)

    def _ended(self, member: _Member, code: int) -> None:
        if code and not self._exit_code:
            self._exit_code = code
        if code and not self._stopping:
            print(f"error: worker process {self._name(member)} ended with {code}: all are stopped", file=sys.stderr)
            self.stop()

    def _was_killed(self, member: _Member, number: int) -> None:
        name = signal.Signals(number).name
        if self._stopping:
            self._exit_code = self._exit_code or 128 + number
            return
        now = time.monotonic()
        if len(self._killed) == AGAIN and now - self._killed[0] < WITHIN:
            self._exit_code = 128 + number
            print(
                f"error: worker process {self._name(member)} was killed by {name}, the {AGAIN + 1}th in "
                f"{WITHIN:g} s: all are stopped; look for memory that runs out",
                file=sys.stderr,
            )
            self.stop()
            return
        self._killed.append(now)
        print(f"worker process {self._name(member)} was killed by {name}: started again", file=sys.stderr)

    def _name(self, member: _Member) -> str:
        return f"{member.number + 1} of {self._count} (pid {member.process.pid})"
