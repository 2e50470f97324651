"""A worker whose topology `patient` is paused as soon as it runs, and resumed by a line on standard input.

Run as a program by the tests; prints what its listener of states is told.
"""

from __future__ import annotations

import asyncio
import sys

from streamapp.registry import load_topologies
from streamapp.settings import load
from streamapp.worker.member import State
from streamapp.worker.shell import Worker, build_shell


def main() -> None:
    """Runs two topologies until a signal."""
    settings = load()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    topologies = load_topologies(settings)
    shell = build_shell(settings, [topologies["patient"], topologies["easy"]])

    def told(topology: str, old: State, new: State) -> None:
        print(f"{topology}: {old} -> {new}", file=sys.__stdout__, flush=True)
        if (topology, new) == ("patient", "running"):
            shell.runtime.applications["patient"].pause()

    def resume() -> None:
        loop.remove_reader(sys.stdin.fileno())
        shell.runtime.applications["patient"].resume()

    shell.runtime.on_state(told)
    loop.add_reader(sys.stdin.fileno(), resume)
    shell.finalize()
    Worker(shell, loop=loop, loglevel="INFO", quiet=True, redirect_stdouts=False).execute_from_commandline()


main()
