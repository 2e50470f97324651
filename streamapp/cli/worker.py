"""`streamapp worker` and `streamapp TOPOLOGY run`: a worker in the foreground, as `worker/` runs it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

import streamapp
from streamapp.cli.options import current_settings, typed_settings, worker_options
from streamapp.cli.processes import Processes
from streamapp.dsl.topology import Topology
from streamapp.registry import load_topologies, pick

if TYPE_CHECKING:
    from streamapp.worker.shell import Shell

until_end_option = click.option(
    "--until-end", is_flag=True, help="Process what is there now and all it causes, commit, and end."
)


processes_option = click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Worker processes that share the work; each takes about one core.",
)


@click.command()
@click.argument("topologies", nargs=-1, metavar="[TOPOLOGY]...")
@until_end_option
@processes_option
@worker_options
def worker(topologies: tuple[str, ...], until_end: bool, processes: int) -> int:
    """Run the registered topologies in this process: all of them, or those named.

    One line on stdout says when it is ready; logs are on stderr. SIGTERM and Ctrl-C end it after a last
    commit.
    """
    return _run(topologies or None, until_end, processes)


@click.command()
@until_end_option
@processes_option
@worker_options
@click.pass_obj
def run(topology: Topology, until_end: bool, processes: int) -> int:
    """Run this topology in this process.

    One line on stdout says when it is ready; logs are on stderr. SIGTERM and Ctrl-C end it after a last
    commit.
    """
    return _run((topology.name,), until_end, processes)


def _run(names: tuple[str, ...] | None, until_end: bool, processes: int) -> int:
    settings = current_settings()
    pick(load_topologies(settings), names)
    if processes > 1:
        return asyncio.run(_several(names or (), until_end, processes, settings.web_port).run())
    from streamapp.app import run_worker  # late: Faust takes a second to import

    return run_worker(settings, names, until_end=until_end, made=_be_the_app)


def _several(names: tuple[str, ...], until_end: bool, count: int, port: int) -> Processes:
    """Workers such as this one would be; the first has its port, and pages of the others are at free ones."""
    command = [sys.executable, "-m", "streamapp", "worker", *names, *(["--until-end"] if until_end else [])]
    name = "STREAMAPP_WEB_PORT"
    return Processes(command, count, typed_settings() | {name: "0"}, {name: str(port)})


def _be_the_app(shell: Shell) -> None:
    """Makes `streamapp.app` the App that runs, for an author's code that asks it for tables."""
    streamapp.app = shell
