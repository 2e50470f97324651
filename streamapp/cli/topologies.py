"""`streamapp list` and `streamapp TOPOLOGY describe`: what is registered, without a cluster."""

from __future__ import annotations

import json

import click

from streamapp.cli.options import current_settings
from streamapp.cli.shape import shape_of
from streamapp.cli.text import print_columns
from streamapp.dsl.describe import describe as describe_topology
from streamapp.dsl.topology import Topology
from streamapp.registry import load_topologies


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help='Print [{"name", "reads", "writes", "tables"}].')
def list_(as_json: bool) -> None:
    """List the registered topologies: what they read, write and keep."""
    shapes = {name: shape_of(topology) for name, topology in load_topologies(current_settings()).items()}
    if as_json:
        rows = [
            {"name": name, "reads": shape.reads, "writes": shape.writes, "tables": shape.tables}
            for name, shape in shapes.items()
        ]
        click.echo(json.dumps(rows))
        return
    print_columns(
        ("TOPOLOGY", "READS", "WRITES", "TABLES"),
        [
            (name, *(", ".join(names) or None for names in (shape.reads, shape.writes, shape.tables)))
            for name, shape in shapes.items()
        ],
    )


@click.command()
@click.pass_obj
def describe(topology: Topology) -> None:
    """Print the steps of the topology in the layout of Kafka's Topology#describe, which visualisers read."""
    click.echo(describe_topology(topology), nl=False)
