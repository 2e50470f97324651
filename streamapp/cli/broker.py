"""`streamapp broker`: an embedded Kafka broker for development. Knows nothing of topics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from streamapp.cli.commands import Commands
from streamapp.cli.options import current_settings
from streamapp.errors import NotFoundError
from streamapp.kafka.broker import BrokerStatus, default_folder, known_folder, running
from streamapp.kafka.broker.location import remember
from streamapp.kafka.broker.server import Broker
from streamapp.kafka.jars import OnBytes, version

NOT_RUNNING = NotFoundError.exit_code

broker = Commands("broker", {}, help="Start and stop a Kafka broker on this machine.")

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of what the broker holds; else 'broker' in the state folder.",
)


@broker.command()
@click.option("--nodes", type=click.Choice(["1", "3"]), help="Brokers to start; else as many as before, or 1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen at; else the last one, or a free one.")
@data_option
def start(nodes: str | None, port: int | None, data: Path | None) -> None:
    """Start the broker and print its address when it answers.

    It runs until it is stopped, and keeps what it holds. Of three nodes, those that do not run are started. The
    first start fetches Apache Kafka.
    """
    state = current_settings().state_dir
    folder = data or default_folder(state)
    with download_progress() as on_bytes:
        status = Broker(folder, on_bytes).start(port, int(nodes) if nodes else None)
    remember(folder, state)
    click.echo(status.bootstrap_servers)


@broker.command()
@click.option("--node", type=click.IntRange(1), metavar="ID", help="Stop this node only; start brings it back.")
@data_option
def stop(node: int | None, data: Path | None) -> None:
    """Stop the broker; what it holds is kept."""
    folder = data or known_folder(current_settings().state_dir)
    if not Broker(folder).stop(node):
        raise NotFoundError(_not_running(folder))
    click.echo(f"stopped; its data is kept in {folder.absolute()}", err=True)


@broker.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help='Print {"running", "bootstrap_servers", "nodes", "data"}.')
def status(data: Path | None, as_json: bool) -> int:
    """Show the broker; exit code 3 when none runs."""
    folder = data or known_folder(current_settings().state_dir)
    found = running(folder)
    if as_json:
        click.echo(json.dumps(as_row(folder, found)))
    elif found:
        pids = ", ".join(str(node.process.pid) for node in found.nodes if node not in found.missing)
        click.echo(f"running at {found.bootstrap_servers} (pid {pids}), data in {found.data}")
        for node in found.missing:
            click.echo(f"node {node.id} does not run: 'streamapp broker start' starts it")
    else:
        click.echo(_not_running(folder))
    return 0 if found else NOT_RUNNING


def as_row(folder: Path, found: BrokerStatus | None) -> dict[str, object]:
    """What `status --json` prints."""
    nodes = [node for node in found.nodes if node not in found.missing] if found else []
    return {
        "running": found is not None,
        "bootstrap_servers": found.bootstrap_servers if found else None,
        "nodes": [{"id": node.id, "pid": node.process.pid, "port": node.port} for node in nodes],
        "data": str(folder.absolute()),
    }


@contextmanager
def download_progress() -> Iterator[OnBytes]:
    """A bar on stderr that appears with the first byte."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
    )
    task = bar.add_task(f"Fetching Apache Kafka {version()}")

    def show(have: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=have, total=total)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()


def _not_running(folder: Path) -> str:
    return f"no broker runs on {folder.absolute()}: start one with 'streamapp broker start'"
