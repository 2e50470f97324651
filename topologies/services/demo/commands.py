"""Commands of streamapp as processes of the demo, each with a log of its own.

A process is started in a session of its own, so that Ctrl-C reaches the demo alone, which stops them in good order.
Knows nothing of what the commands do.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

PATIENCE = 30.0
"""Seconds until a process that does not end is killed."""


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


class Command:
    """A command that runs; its name is that of its log."""

    def __init__(self, name: str, process: Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.returncode is not None

    def failure(self) -> DemoError:
        """That it has ended, with the end of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        telling = [line for line in lines if "[INFO]" not in line][-15:]
        return DemoError("\n".join([f"{self.name} has ended; the end of {self._log}:", *telling]))

    async def ready(self) -> dict[str, Any]:
        """The line that says that it is ready."""
        assert self._process.stdout is not None  # noqa: S101 - tells mypy: it was started with a pipe
        line = await self._process.stdout.readline()
        if not line:
            await self._process.wait()
            raise self.failure()
        said: dict[str, Any] = json.loads(line)
        return said

    async def records(self) -> AsyncIterator[dict[str, Any]]:
        """What `consume` prints, as it comes."""
        assert self._process.stdout is not None  # noqa: S101 - as above
        async for line in self._process.stdout:
            yield json.loads(line)

    async def write(self, line: bytes) -> None:
        """One line of standard input."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def close(self) -> None:
        """Ends its standard input and waits for its end; raises `DemoError` when it failed."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        self._process.stdin.close()
        if await self._process.wait():
            raise self.failure()

    async def stop(self) -> int:
        """Ends it, and gives its exit code."""
        if not self.ended:
            self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self._process.wait(), PATIENCE)
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()


class Commands:
    """Starts commands in `environment`, with logs in `folder`, and stops what it started."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self._folder = folder
        self._started: list[Command] = []
        folder.mkdir(parents=True, exist_ok=True)

    async def run(self, *arguments: str, quiet: bool = True) -> tuple[int, str]:
        """Runs a command to its end, and gives its exit code and output; `quiet`: its messages go to a log.

        One that is cancelled is interrupted, as by Ctrl-C.
        """
        name = "-".join(arguments[:2])
        with (self._folder / f"{name}.log").open("wb") as log:
            process = await self._launch(arguments, stdin=DEVNULL, stdout=PIPE, stderr=log if quiet else None)
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                await process.wait()
        return process.returncode or 0, output.decode()

    async def must(self, *arguments: str, quiet: bool = True) -> str:
        """As `run`; raises `DemoError` when the command fails."""
        code, output = await self.run(*arguments, quiet=quiet)
        if code:
            command = " ".join(arguments)
            log = self._folder / f"{'-'.join(arguments[:2])}.log"
            raise DemoError(f"'streamapp {command}' ended with exit code {code}\n{log.read_text(encoding='utf-8')}")
        return output

    async def start(self, *arguments: str) -> Command:
        """Starts a command that runs until it is stopped, or until its input ends."""
        name = "-".join(word for word in arguments[:2] if not word.startswith("-"))
        path = self._folder / f"{name}.log"
        with path.open("wb") as log:
            process = await self._launch(arguments, stdin=PIPE, stdout=PIPE, stderr=log)
        command = Command(name, process, path)
        self._started.append(command)
        return command

    async def stop(self) -> None:
        """Stops what still runs, the last one first."""
        while self._started:
            await self._started.pop().stop()

    async def _launch(self, arguments: tuple[str, ...], **streams: Any) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streamapp", *arguments, env=self.environment, start_new_session=True, **streams
        )
