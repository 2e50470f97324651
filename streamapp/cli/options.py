"""Options that are settings: typed before or behind a command, they win over variables and the settings file.

Knows nothing of what the settings mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from streamapp.settings import PREFIX, Settings, load

F = TypeVar("F", bound=Callable[..., Any])

_OVERRIDES = "streamapp.overrides"


def setting(name: str, text: str, **attributes: Any) -> Callable[[F], F]:
    """An option that overrides the setting `name`; not passed to the command."""

    def remember(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value is not None:
            ctx.meta.setdefault(_OVERRIDES, {})[name] = value

    option = "--" + name.replace("_", "-")
    return click.option(option, expose_value=False, callback=remember, default=None, help=text, **attributes)


def current_settings() -> Settings:
    """The settings with all options typed so far."""
    return load(click.get_current_context().meta.get(_OVERRIDES))


def typed_settings() -> dict[str, str]:
    """The options typed so far, as the environment variables that mean the same."""
    typed = click.get_current_context().meta.get(_OVERRIDES, {})
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in typed.items()}


def cluster_options(function: F) -> F:
    """What every command that talks to Kafka takes."""
    return setting("bootstrap_servers", "Kafka's address.", metavar="HOST:PORT[,…]")(function)


def application_options(function: F) -> F:
    """What every command about a running topology takes."""
    function = setting("state_dir", "Folder of the state stores.", metavar="DIR")(function)
    function = setting("application", "Prefix of consumer groups and topics.", metavar="NAME")(function)
    return cluster_options(function)


def worker_options(function: F) -> F:
    """What a command that runs a worker takes."""
    options = (
        setting("web_port", "Port of the web pages; 0: a free one.", type=click.IntRange(0, 65535)),
        setting("guarantee", "How outputs, state and offsets agree.", type=click.Choice(GUARANTEES)),
        setting("commit_interval", "Time between two commits.", metavar="SECONDS", type=float),
        setting("fail_fast", "End with exit code 5 when no broker answers.", is_flag=True),
        setting("log_level", "What is logged on stderr.", type=click.Choice(LOG_LEVELS)),
    )
    for option in reversed(options):
        function = option(function)
    return application_options(function)


GUARANTEES = ("exactly_once", "at_least_once")
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
