"""`streamapp TOPOLOGY status`: what the worker of this state folder does with a topology now.

Knows nothing of how a worker works.
"""

from __future__ import annotations

import json
from typing import Any

import click

from streamapp.cli.options import application_options, current_settings
from streamapp.cli.table_rows import answer_of, running_worker
from streamapp.cli.text import print_columns
from streamapp.dsl.topology import Topology
from streamapp.errors import NotFoundError
from streamapp.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what /api/v1/topologies/TOPOLOGY answers.")
@application_options
@click.pass_obj
def status(topology: Topology, as_json: bool) -> None:
    """Print what the worker of this state folder does: its tasks, and the stores that it restores or follows."""
    found = status_of(current_settings(), topology.name)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"{topology.name} is {found['state']}" + (f": {found['error']}" if found["error"] else ""))
    if found["tasks"]:
        print_columns(("TASK", "LAG", "LATE"), [(task["id"], task["lag"], task["late"]) for task in found["tasks"]])
    if found["restores"]:
        names = ("task", "store", "records", "left", "rate", "seconds_left")
        rows = [tuple(one[name] for name in names) for one in found["restores"]]
        print_columns(("RESTORING", "STORE", "RECORDS", "LEFT", "RECORDS/S", "SECONDS LEFT"), rows)
    if found["standbys"]:
        standbys = [(one["task"], one["store"], one["behind"]) for one in found["standbys"]]
        print_columns(("STANDBY", "STORE", "BEHIND"), standbys)


def status_of(settings: Settings, topology: str) -> dict[str, Any]:
    """What the worker answers; raises `NotFoundError` when none runs here."""
    worker = running_worker(settings.state_dir / settings.application / "worker.json")
    found = None if worker is None else answer_of(f"{worker.web}/api/v1/topologies/{topology}")
    if found is None:
        raise NotFoundError(
            f"no worker of state folder {str(settings.state_dir)!r} runs topology {topology!r}: start one with "
            f"'streamapp {topology} run', or name its folder with --state-dir or STREAMAPP_STATE_DIR"
        )
    return found
