"""A worker process with the topologies of staged cases, and what it says of them.

It is driven from outside: by its command line, its settings and its HTTP API. Knows nothing of records.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from streamapp.errors import StreamappError
from streamapp.testing.conformance.live.staged import VARIABLE, Staged

START = 180.0
"""Seconds a worker may take until all its topologies run, on a busy machine."""

_STOP = 60.0
"""Seconds a worker may take to stop, before it is killed."""

_ANSWER = 30.0
"""Seconds it may take to answer."""

COMMIT_INTERVAL = 0.02
"""Seconds: in lock step each input is committed alone, and each wait for a commit is short."""

_TAIL = 12
"""Lines of the log that are shown when it ends."""


class StartError(StreamappError):
    """A worker ended, or did not answer, before its topologies ran."""


class Worker:
    """A running worker; made by `worker`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self._web = ""

    async def ready(self) -> None:
        """Returns when every topology runs or has failed; raises `StartError` when it ends before."""
        assert self._process.stdout is not None  # noqa: S101 - tells mypy: it is a pipe
        try:
            async with asyncio.timeout(START):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise StartError(f"the worker was not ready within {START:.0f} s: {self._tail()}") from None
        if not line:
            raise StartError(f"the worker ended with {await self._process.wait()}: {self._tail()}")
        self._web = json.loads(line)["web"]

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def said_of(self, name: str) -> str:
        """What its log says of a topology, else its last lines."""
        found = [line for line in self._lines() if f" {name}: " in line]
        return "\n".join(found) or self._tail()

    async def topology(self, name: str) -> dict[str, Any]:
        """What its API says of a topology; raises `OSError` when it does not answer."""

        def ask() -> bytes:
            with urlopen(f"{self._web}/api/v1/topologies/{name}", timeout=_ANSWER) as answer:  # noqa: S310 - http alone
                body: bytes = answer.read()
            return body

        document: dict[str, Any] = json.loads(await asyncio.to_thread(ask))
        return document

    async def stop(self) -> None:
        """SIGTERM; SIGKILL when that does not help."""
        if not self.running:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(_STOP):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _lines(self) -> list[str]:
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()

    def _tail(self) -> str:
        return "\n".join(self._lines()[-_TAIL:])


@asynccontextmanager
async def worker(staged: Sequence[Staged], bootstrap: str, application: str, folder: Path) -> AsyncIterator[Worker]:
    """A worker that runs these cases, exactly once and without a cache, until the block ends."""
    cases, settings, log = folder / "cases.json", folder / "streamapp.toml", folder / "worker.log"
    cases.write_text(json.dumps([one.document for one in staged]), encoding="utf-8")
    settings.write_text(_settings(bootstrap, application, folder), encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STREAMAPP_")}
    with log.open("w") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "streamapp", "worker"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=inherited | {"STREAMAPP_CONFIG": str(settings), VARIABLE: str(cases)},
        )
    made = Worker(process, log)
    try:
        await made.ready()
        yield made
    finally:
        await made.stop()


def _settings(bootstrap: str, application: str, folder: Path) -> str:
    values: dict[str, str | float] = {
        "bootstrap_servers": bootstrap,
        "application": application,
        "state_dir": str(folder / "state"),
        "topologies": "streamapp.testing.conformance.live.topologies:TOPOLOGIES",
        "guarantee": "exactly_once",
        "commit_interval": COMMIT_INTERVAL,
        "web_port": 0,
        "log_level": "warning",
    }
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
