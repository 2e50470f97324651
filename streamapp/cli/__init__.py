"""The command `streamapp`: how it ends, and what it prints when something is wrong.

The commands themselves are in this package's other modules, one per group, each imported when it is called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from streamapp.errors import StreamappError

INTERRUPTED = 130
BROKEN_PIPE = 141
"""128 + SIGPIPE, as of a program that was ended by it."""


def main() -> None:
    """Runs the command that was typed; always raises `SystemExit`."""
    if "_STREAMAPP_COMPLETE" in os.environ:
        _root().main(prog_name="streamapp")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs a command and gives its exit code; errors that a user can act on are one line on stderr."""
    root = _root()
    try:
        with root.make_context("streamapp", list(arguments)) as context:
            result = root.invoke(context)
            sys.stdout.flush()
    except StreamappError as error:
        return _fail(str(error), error.exit_code)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "streamapp"
        return _fail(f"{error.format_message()} (see '{command} --help')", error.exit_code)
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # what is still in the buffer must not fail again when the interpreter flushes it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return result if isinstance(result, int) else 0


def _root() -> click.Group:
    from streamapp.cli.root import root  # late: the package's other modules can be imported without it

    return root


def _fail(text: str, exit_code: int) -> int:
    click.echo(f"error: {text}", err=True)
    return exit_code
