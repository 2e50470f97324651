"""The group of all commands: those of streamapp, one per registered topology, one per registered service.

Knows nothing of what the commands do; the catalogues say where they are.
"""

from __future__ import annotations

import click

from streamapp.cli.commands import Catalogue, Commands
from streamapp.cli.options import application_options, current_settings, setting
from streamapp.cli.shape import shape_of
from streamapp.dsl.topology import Topology
from streamapp.errors import ConfigurationError
from streamapp.registry import MissingRegistryError, load_services, load_topologies
from streamapp.service import Service
from streamapp.settings import Settings
from streamapp.suggestion import nearest

COMMANDS: Catalogue = {
    "worker": ("streamapp.cli.worker:worker", "Run topologies: all, or those named."),
    "list": ("streamapp.cli.topologies:list_", "List the registered topologies."),
    "topics": ("streamapp.cli.topics:topics", "Create, list and describe topics."),
    "produce": ("streamapp.cli.produce:produce", "Write records, one JSON per line of stdin, to a topic."),
    "consume": ("streamapp.cli.consume:consume", "Print a topic's records, one JSON per line."),
    "trace": ("streamapp.cli.trace:trace", "Print every event of one flow, as a tree."),
    "import": ("streamapp.cli.importers:importers", "Put a data set on a topic."),
    "gallery": ("streamapp.cli.gallery:gallery", "Compute known answers from files of known data."),
    "broker": ("streamapp.cli.broker:broker", "Start and stop a Kafka broker on this machine."),
    "fail-points": ("streamapp.cli.fail_points:fail_points", "List where a worker can be made to die, for tests."),
}

TOPOLOGY_COMMANDS: Catalogue = {
    "run": ("streamapp.cli.worker:run", "Run this topology."),
    "describe": ("streamapp.cli.topologies:describe", "Print its steps, in Kafka's layout."),
    "table": ("streamapp.cli.table:table", "Print all rows of a table."),
    "replay": ("streamapp.cli.replay:replay", "Print its tables as they were at a moment, from the log."),
    "history": ("streamapp.cli.replay:history", "Print what changed a row, with the causes, from the log."),
    "backtest": ("streamapp.cli.backtest:backtest", "Compare what its code would write now with what was written."),
    "lag": ("streamapp.cli.lag:lag", "Print how far it is behind its topics."),
    "status": ("streamapp.cli.status:status", "Print what its worker does now: tasks, and what is being restored."),
    "rebuild": ("streamapp.cli.rebuild:rebuild", "Build its state anew from the log, beside the live one, and switch."),
    "reset": ("streamapp.cli.reset:reset", "Forget offsets and state, to start from the beginning."),
}


class Root(Commands):
    """Finds commands first in the catalogue, then among topologies, then among services."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands, topologies and services."""
        return [*super().list_commands(ctx), *load_topologies(current_settings()), *registered_services()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, the command that runs a service, or the group of a topology."""
        if found := super().get_command(ctx, cmd_name):
            return found
        if service := registered_services().get(cmd_name):
            from streamapp.cli.service import service_command  # late: only these commands need it

            return service_command(service)
        topology = load_topologies(current_settings()).get(cmd_name)
        return topology_group(topology) if topology else None

    def unknown(self, ctx: click.Context, name: str) -> str:
        """Names the nearest topology, service or command."""
        return f"there is no topology or command {name!r}: {nearest(name, self.list_commands(ctx))}"

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Commands, then what is registered here; a registry that fails is named, not fatal."""
        super().format_commands(ctx, formatter)
        settings = current_settings()
        with formatter.section(f"Topologies of {settings.topologies}"):
            try:
                rows = [(name, shape_of(topology).title) for name, topology in load_topologies(settings).items()]
                formatter.write_dl(rows or [("(none)", "")])
            except ConfigurationError as error:
                formatter.write_text(str(error))
        if services := registered_services():
            with formatter.section(f"Services of {settings.services}"):
                formatter.write_dl([(name, service.title) for name, service in services.items()])


def registered_services() -> dict[str, Service]:
    """The services; none where the default package of services does not exist."""
    settings = current_settings()
    try:
        return load_services(settings)
    except MissingRegistryError:
        if settings.services == Settings().services:
            return {}
        raise


def topology_group(topology: Topology) -> click.Group:
    """The commands of one topology; they find it as `context.obj`."""

    @click.pass_context
    def enter(ctx: click.Context) -> None:
        ctx.obj = topology

    return Commands(topology.name, TOPOLOGY_COMMANDS, callback=enter, help=f"The topology {topology.name}.")


@click.command("streamapp", cls=Root, catalogue=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="streamapp", message="%(package)s %(version)s")
@setting("topologies", "Where the topologies are.", metavar="PACKAGE:NAME")
@application_options
def root() -> None:
    """Kafka Streams for Python, on Faust."""
