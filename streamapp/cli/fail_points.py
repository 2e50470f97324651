"""`streamapp fail-points`: where `STREAMAPP_FAIL_POINT=NAME:HIT` can kill a worker. Knows nothing of workers' state."""

from __future__ import annotations

import json

import click

from streamapp.worker.failpoints import POINTS


@click.command("fail-points")
@click.option("--json", "as_json", is_flag=True, help='Print [{"name", "meaning"}].')
def fail_points(as_json: bool) -> None:
    """List the places where STREAMAPP_FAIL_POINT=NAME:HIT kills a worker, at the HIT-th pass.

    They are in the order a record passes them; each line says what is true there.
    """
    if as_json:
        click.echo(json.dumps([{"name": name, "meaning": meaning} for name, meaning in POINTS.items()]))
        return
    width = max(map(len, POINTS))
    for name, meaning in POINTS.items():
        click.echo(f"{name:{width}}  {meaning}")
