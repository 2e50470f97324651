"""A group of commands that are imported when they are called, so that each starts as fast as it can.

Knows nothing of topologies.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from streamapp.errors import UsageError
from streamapp.suggestion import nearest

Catalogue = Mapping[str, tuple[str, str]]
"""By name: where the command is, `module:attribute`, and one line for the list of commands."""


class Commands(click.Group):
    """A group whose commands are found through a catalogue; a wrong name is answered with the nearest."""

    def __init__(self, name: str, catalogue: Catalogue, **options: Any) -> None:
        super().__init__(name, **options)
        self.catalogue = catalogue

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the catalogue's order."""
        return [*self.catalogue, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command, or gives None."""
        if cmd_name not in self.catalogue:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.catalogue[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Prints the help when nothing was typed behind the group."""
        if not args and not ctx.resilient_parsing:
            click.echo(self.get_help(ctx))
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command; raises `UsageError` that says what to type instead."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            raise UsageError(self.unknown(ctx, args[0]))
        return super().resolve_command(ctx, args)

    def unknown(self, ctx: click.Context, name: str) -> str:
        """What to answer to a name that is no command."""
        return f"'{ctx.command_path}' has no command {name!r}: {nearest(name, self.list_commands(ctx))}"

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.catalogue.items()])
