"""The cluster that cases run on, and the topics they need there. Knows nothing of workers or records."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from streamapp.kafka import Admin
from streamapp.kafka.broker import running_bootstrap
from streamapp.kafka.broker.server import Broker
from streamapp.testing.conformance.live.staged import Staged

_KEPT = {"retention.ms": "-1", "message.timestamp.after.max.ms": str(2**63 - 1)}
"""Cases have times of their own, from 0 on: no record may be refused or deleted for that."""

_STREAM: Mapping[str, str] = {"cleanup.policy": "delete", **_KEPT}
_TABLE: Mapping[str, str] = {"cleanup.policy": "compact", **_KEPT}

_AT_ONCE = 8
"""Topics that are made at the same time."""


@contextmanager
def cluster(given: str | None, folder: Path) -> Iterator[str]:
    """The address of the cluster: the one given, else `STREAMAPP_BOOTSTRAP_SERVERS`, else the running embedded broker.

    Where there is none, one is started in `folder`, and stopped at the end.
    """
    known = given or os.environ.get("STREAMAPP_BOOTSTRAP_SERVERS") or running_bootstrap()
    if known:
        yield known
        return
    broker = Broker(folder / "broker")
    try:
        yield broker.start().bootstrap_servers
    finally:
        broker.stop()


@asynccontextmanager
async def topics(admin: Admin, staged: Sequence[Staged]) -> AsyncIterator[None]:
    """The topics that cases read and write, of one partition each; at the end all that bears their names is deleted."""
    try:
        await _create(admin, staged)
        yield
    finally:
        await _delete(admin, staged)


async def _create(admin: Admin, staged: Iterable[Staged]) -> None:
    wanted: dict[str, Mapping[str, str]] = {}
    for one in staged:
        wanted |= dict.fromkeys((*one.streams, one.out), _STREAM)
        wanted |= {topic: _STREAM if topic in one.keyless else _TABLE for topic in one.tables | one.globals}
    turn = asyncio.Semaphore(_AT_ONCE)

    async def create(name: str, config: Mapping[str, str]) -> None:
        async with turn:
            await admin.create(name, 1, config, 1)

    await asyncio.gather(*(create(name, config) for name, config in wanted.items()))


async def _delete(admin: Admin, staged: Iterable[Staged]) -> None:
    prefixes = tuple(f"{one.group}-" for one in staged)
    await admin.delete_topics([name for name in await admin.list() if name.startswith(prefixes)])
    for one in staged:
        await admin.delete_group(one.group)
