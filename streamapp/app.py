"""Puts the pieces together: settings, registered topologies, the Faust shell and its pages.

`faust -A streamapp` finds the App as `streamapp.app`, made here on first use; the command line makes its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from streamapp.dsl.topology import Topology
from streamapp.parent import end_with_parent
from streamapp.registry import load_topologies, pick
from streamapp.settings import Settings, load
from streamapp.web import mount
from streamapp.worker.shell import Agent, Shell, Worker, build_shell, free_port, hold, must_be_writable, tune_collector


def build_app(
    settings: Settings | None = None, names: tuple[str, ...] | None = None, *, until_end: bool = False
) -> Shell:
    """The Faust App with its pages, for the topologies called `names`, or all that are registered.

    Raises `ConfigurationError`, `TopologyError` and `NotFoundError`; connects to nothing.
    """
    settings = settings or load()
    return assemble(settings, pick(load_topologies(settings), names), until_end=until_end)


def assemble(
    settings: Settings, topologies: Sequence[Topology], *, until_end: bool = False, agent: Agent = hold
) -> Shell:
    """The Faust App with its pages, for `topologies`, each sub-topology held by `agent`; raises `TopologyError`."""
    shell = build_shell(settings, topologies, until_end=until_end, agent=agent)
    mount(shell, shell.runtime)
    tune_collector()
    return shell


def run_worker(
    settings: Settings,
    names: tuple[str, ...] | None,
    *,
    until_end: bool = False,
    made: Callable[[Shell], object] = lambda shell: None,
) -> int:
    """Runs topologies in the foreground until a signal, an error or the end of the input; gives the exit code.

    `made` is given the App before anything runs.
    """

    def build() -> Shell:
        shell = build_app(settings, names, until_end=until_end)
        made(shell)
        return shell

    return run_shell(settings, build)


def run_shell(settings: Settings, build: Callable[[], Shell]) -> int:
    """Runs the App that `build` makes, as `run_worker` does; gives the exit code."""
    end_with_parent()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    shell = build()
    free_port(settings.web_host, settings.web_port)
    must_be_writable(settings.state_dir)
    shell.finalize()
    worker = Worker(shell, loop=loop, loglevel=settings.log_level.upper(), quiet=True, redirect_stdouts=False)
    try:
        worker.execute_from_commandline()
    except SystemExit as ending:
        return int(ending.code or 0)
