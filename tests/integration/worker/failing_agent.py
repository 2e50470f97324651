"""A worker whose agents fail at every fourth batch, the way an argument says. Run as a program by the tests.

`raise` fails when the batch has been processed, `drop` asks for the next one without completing it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterable

from streamapp.registry import load_topologies
from streamapp.settings import load
from streamapp.worker.channel import Batch
from streamapp.worker.shell import Worker, build_shell


def failing(way: str) -> None:
    """Runs the registered topologies until the end."""
    taken = 0

    async def agent(stream: AsyncIterable[Batch]) -> None:
        nonlocal taken
        async for batch in stream:
            fail = taken % 4 == 0
            taken += 1
            if fail and way == "drop":
                continue
            with batch:
                await batch.process()
                if fail:
                    raise RuntimeError("planted")

    settings = load()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    topology = load_topologies(settings)["totals"]
    shell = build_shell(settings, [topology], until_end=True, agent=agent)
    shell.finalize()
    try:
        Worker(shell, loop=loop, loglevel="INFO", quiet=True, redirect_stdouts=False).execute_from_commandline()
    finally:
        print(f"failed at {(taken + 3) // 4} batches", file=sys.__stdout__, flush=True)


failing(sys.argv[1])
