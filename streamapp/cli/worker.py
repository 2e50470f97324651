"""`streamapp worker` and `streamapp TOPOLOGY run`: a worker in the foreground, as `worker/` runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import streamapp
from streamapp.cli.options import current_settings, worker_options
from streamapp.dsl.topology import Topology
from streamapp.registry import load_topologies, pick

if TYPE_CHECKING:
    from streamapp.worker.shell import Shell

until_end_option = click.option(
    "--until-end", is_flag=True, help="Process what is there now and all it causes, commit, and end."
)


@click.command()
@click.argument("topologies", nargs=-1, metavar="[TOPOLOGY]...")
@until_end_option
@worker_options
def worker(topologies: tuple[str, ...], until_end: bool) -> int:
    """Run the registered topologies in this process: all of them, or those named.

    One line on stdout says when it is ready; logs are on stderr. SIGTERM and Ctrl-C end it after a last
    commit.
    """
    return _run(topologies or None, until_end)


@click.command()
@until_end_option
@worker_options
@click.pass_obj
def run(topology: Topology, until_end: bool) -> int:
    """Run this topology in this process.

    One line on stdout says when it is ready; logs are on stderr. SIGTERM and Ctrl-C end it after a last
    commit.
    """
    return _run((topology.name,), until_end)


def _run(names: tuple[str, ...] | None, until_end: bool) -> int:
    settings = current_settings()
    pick(load_topologies(settings), names)
    from streamapp.app import run_worker  # late: Faust takes a second to import

    return run_worker(settings, names, until_end=until_end, made=_be_the_app)


def _be_the_app(shell: Shell) -> None:
    """Makes `streamapp.app` the App that runs, for an author's code that asks it for tables."""
    streamapp.app = shell
